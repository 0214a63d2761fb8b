// The unmodified client `@maxmind/minfraud-api-node` against a running server on port 443: every call, and
// the errors it can meet.
const assert = require('node:assert');
const minFraud = require('@maxmind/minfraud-api-node');

const host = process.argv[2];
const client = (key) => new minFraud.Client('42', key, 20000, host);

const sale = () =>
  new minFraud.Transaction({
    event: new minFraud.Event({ transactionId: 'txn-1', shopId: 's-2', type: minFraud.Constants.EventType.Purchase }),
    account: new minFraud.Account({ userId: '3132', username: 'somebody' }),
    email: new minFraud.Email({ address: 'test@maxmind.com', domain: 'maxmind.com' }),
    billing: new minFraud.Billing({ city: 'London', country: 'GB', postal: 'EC1A 1BB' }),
    creditCard: new minFraud.CreditCard({ issuerIdNumber: '457173', token: 'fp_9f2c' }),
    device: new minFraud.Device({ ipAddress: '152.216.7.110', userAgent: 'Mozilla/5.0' }),
    order: new minFraud.Order({ amount: 323.21, currency: 'USD' }),
    shoppingCart: [new minFraud.ShoppingCartItem({ category: 'pets', itemId: 'leash', quantity: 2, price: 20.43 })],
  });

async function main() {
  const one = sale(); // the client puts a time of its own on each
  const full = client(process.env.FULL);
  const score = await full.score(one);
  assert(score.riskScore >= 0.01 && score.riskScore <= 99, JSON.stringify(score));
  const insights = await full.insights(one);
  assert.equal(insights.id, score.id);
  assert.equal(insights.ipAddress.country.isoCode, 'US');
  const factors = await full.factors(one);
  assert.equal(factors.id, score.id);
  assert(Array.isArray(factors.riskScoreReasons) || factors.riskScoreReasons === undefined);
  await full.reportTransaction(
    new minFraud.TransactionReport({ tag: minFraud.Constants.Tag.CHARGEBACK, minfraudId: score.id, chargebackCode: '10.4', ipAddress: '152.216.7.110' }),
  );
  await assert.rejects(client('secret').score(sale()), { code: 'AUTHORIZATION_INVALID' });
  await assert.rejects(client('').score(sale()), { code: 'LICENSE_KEY_REQUIRED' });
  await assert.rejects(
    full.reportTransaction(new minFraud.TransactionReport({ tag: minFraud.Constants.Tag.CHARGEBACK, ipAddress: '152.216.7.110' })),
    { code: 'TRANSACTION_ID_REQUIRED' },
  );
  console.log('minFraud client for Node - four calls and errors: good');
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});

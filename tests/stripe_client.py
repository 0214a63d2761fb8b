"""The unmodified client `stripe` against a running server: evaluations of payments, and every error they can
meet."""

import asyncio
import base64
import json
import os
import sys
import urllib.error
import urllib.request
from importlib.metadata import version

import stripe
from stripe import StripeClient

BASE = sys.argv[1]
FULL, NARROW, SLOW = (os.environ[name] for name in ("FULL", "NARROW", "SLOW"))
PATH = "/v1/radar/payment_evaluations"


def client(key=FULL, **more):
    return StripeClient(key, base_addresses={"api": BASE}, max_network_retries=0, **more)


def sale(amount=4900, **metadata):
    address = {
        "city": "London", "country": "GB", "line1": "101 Address Rd.", "line2": "Unit 5",
        "postal_code": "EC1A 1BB", "state": "ENG",
    }
    billing = {"address": address, "email": "jane@example.com", "name": "Jane Doe", "phone": "+442071838750"}
    return {
        "client_device_metadata_details": {"radar_session": "rse_1"},
        "customer_details": {"customer": "cus_1", "email": "jane@example.com", "name": "Jane Doe"},
        "payment_details": {
            "amount": amount, "currency": "eur", "description": "Pro, a year",
            "statement_descriptor": "VOUCHSOFT*PRO",
            "money_movement_details": {
                "money_movement_type": "card",
                "card": {"customer_presence": "on_session", "payment_type": "one_off"},
            },
            "payment_method_details": {"payment_method": "pm_1", "billing_details": billing},
            "shipping_details": {"name": "Jane Doe", "address": address},
        },
        "metadata": {"order_id": "o-77", "ip": "81.2.69.142", "delivery_mode": "licence_key",
                     "campaign": "autumn", **metadata},
        "expand": ["payment_details"],
    }


def evaluate(body, key=FULL, **options):
    return client(key).radar.payment_evaluations.create(body, options)


def refused(kind, call, part=""):
    try:
        call()
    except stripe.StripeError as error:
        assert type(error) is kind, repr(error)
        assert part in str(error), error
        return error
    raise AssertionError(f"no {kind.__name__}")


def evaluations():
    first = evaluate(sale(), idempotency_key="key-1")
    assert first.object == "radar.payment_evaluation" and first.id.startswith("peval_"), first
    assert first.recommended_action in ("block", "continue", "request_three_d_secure")
    signal = first.signals.fraudulent_payment
    assert 0.01 <= signal.score <= 99.99 and signal.risk_level in ("normal", "elevated", "highest"), signal
    assert first.payment_details.amount == 4900 and first.payment_details.currency == "eur", first
    assert first.payment_details.payment_method_details.billing_details.address.country == "GB"
    assert first.customer_details.customer == "cus_1" and first.metadata["campaign"] == "autumn"
    assert first.vouch["warnings"] == [], first.vouch
    assert first.last_response.request_id and first.last_response.idempotency_key == "key-1"
    assert "idempotent-replayed" not in first.last_response.headers
    again = evaluate(sale(), idempotency_key="key-1")
    assert again.to_dict() == first.to_dict(), (again, first)
    assert again.last_response.headers["idempotent-replayed"] == "true"
    # Without a key of one's own every request is another payment; an id of one's own binds them.
    assert evaluate(sale()).id != evaluate(sale()).id
    named = [evaluate(sale(transaction_id="tx-1")) for _ in range(2)]
    assert named[0].id == named[1].id and named[0].vouch["transaction_id"] == "tx-1", named
    rent = sale()
    rent["payment_details"]["money_movement_details"]["card"] = {
        "customer_presence": "off_session", "payment_type": "recurring"}
    rent["payment_details"].update(amount=500, currency="jpy")
    assert evaluate(rent).payment_details.amount == 500
    odd = sale()
    odd["payment_details"]["colour"] = "red"
    told = evaluate(odd).vouch["warnings"]
    assert [w["pointer"] for w in told] == ["/payment_details/colour"], told
    card = evaluate(sale(note="my card is 4111 1111 1111 1111"))
    assert "4111" not in json.dumps(card.vouch), card.vouch
    return first


def otherwise():
    """The older way to call, the asynchronous one, and Basic."""
    stripe.api_key, stripe.api_base = FULL, BASE
    first = stripe.radar.PaymentEvaluation.create(**sale(), idempotency_key="key-1")

    async def ask():
        with_httpx = client(http_client=stripe.HTTPXClient())
        return await with_httpx.radar.payment_evaluations.create_async(sale(), {"idempotency_key": "key-1"})

    assert asyncio.run(ask()).id == first.id
    status, _, body = raw(b"payment_details[amount]=100&payment_details[currency]=usd",
                          auth="Basic " + base64.b64encode(f"{FULL}:".encode()).decode())
    assert (status, body["payment_details"]["amount"]) == (200, 100), body


def errors():
    invalid = stripe.InvalidRequestError
    wrong = FULL[:-1] + ("0" if FULL[-1] != "0" else "1")
    for key in (wrong, "sk_test_secret"):
        error = refused(stripe.AuthenticationError, lambda: evaluate(sale(), key), "API key")
        assert (error.http_status, bool(error.request_id)) == (401, True), error
    error = refused(stripe.PermissionError, lambda: evaluate(sale(), NARROW), "scope")
    assert error.http_status == 403
    limited = [outcome(SLOW) for _ in range(5)]
    assert stripe.RateLimitError in limited and limited[0] is None, limited
    refused(stripe.IdempotencyError, lambda: evaluate(sale(amount=4901), idempotency_key="key-1"), "other")
    no_amount, no_currency, soup = sale(), sale(), sale()
    del no_amount["payment_details"]["amount"]
    del no_currency["payment_details"]["currency"]
    soup["payment_details"]["currency"] = "soup"
    mailbox = sale()
    mailbox["customer_details"]["email"] = "x" * 400
    number = sale()
    number["customer_details"]["name"] = "4111 1111 1111 1111"
    for body, param, code in [
        (no_amount, "payment_details[amount]", "parameter_missing"),
        (no_currency, "payment_details[currency]", "parameter_missing"),
        (soup, "payment_details[currency]", "invalid_field"),
        (sale(amount=-1), "payment_details[amount]", "invalid_field"),
        (sale(amount=1.5), "payment_details[amount]", "invalid_field"),
        (mailbox, "customer_details[email]", "invalid_field"),
        (sale(card_last4="12345"), "metadata[card_last4]", "invalid_field"),
        (sale(card_fingerprint="4111111111111111"), "metadata[card_fingerprint]", "card_number"),
    ]:
        error = refused(invalid, lambda: evaluate(body))
        assert (error.param, error.code, error.http_status) == (param, code, 400), (error, error.json_body)
    assert "4111" not in str(refused_or_answer(number)), "a card number is told back"
    refused(invalid, lambda: evaluate(sale(**{f"k{n}": "x" * 400 for n in range(190)} | {"long": "x" * 99_000})),
            "bytes")
    refused(invalid, lambda: evaluate(sale(), stripe_version="newest"), "version")


def outcome(key):
    try:
        evaluate(sale(), key)
    except stripe.StripeError as error:
        return type(error)
    return None


def refused_or_answer(body):
    try:
        return evaluate(body).vouch
    except stripe.StripeError as error:
        return error.json_body


def raw(body, auth=f"Bearer {FULL}", kind="application/x-www-form-urlencoded", key="raw-1"):
    """What the client itself never sends."""
    headers = {"Content-Type": kind, "Authorization": auth}
    if key is not None:
        headers["Idempotency-Key"] = key
    try:
        with urllib.request.urlopen(urllib.request.Request(BASE + PATH, body, headers)) as answer:
            return answer.status, answer.headers, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, error.headers, json.loads(error.read())


def odd():
    good = b"payment_details[amount]=100&payment_details[currency]=usd"
    for body, kind, part in [
        (good + b"&payment_details[amount]=200", None, "twice"),
        (good + b"&a[b=1", None, "brackets"),
        (good + b"&a=%ff", None, "UTF-8"),
        (b"{}", "application/json", "x-www-form-urlencoded"),
    ]:
        status, headers, told = raw(body, kind=kind or "application/x-www-form-urlencoded")
        assert (status, told["error"]["type"]) == (400, "invalid_request_error"), (body, told)
        assert part in told["error"]["message"] and headers["Request-Id"], told
    status, _, told = raw(good, key=None)
    assert (status, told["error"]["param"]) == (400, "metadata[transaction_id]"), told
    status, _, told = raw(good, key="x" * 256)
    assert (status, told["error"]["code"]) == (400, "invalid_idempotency_key"), told


evaluations()
otherwise()
errors()
odd()
print("Stripe client for Python", version("stripe"), "- evaluations and each error: good")

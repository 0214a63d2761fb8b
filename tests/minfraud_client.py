"""The unmodified client `minfraud` against a running server: every call, and every error it can meet."""

import asyncio
import base64
import copy
import json
import os
import sys
import urllib.error
import urllib.request
from importlib.metadata import version

import minfraud
from minfraud import AsyncClient, Client
from minfraud.errors import PermissionRequiredError

HOST = sys.argv[1]
FULL, NARROW, SLOW = (os.environ[name] for name in ("FULL", "NARROW", "SLOW"))

SALE = {
    "event": {
        "transaction_id": "txn-1", "shop_id": "s-2", "time": "2026-01-12T23:20:50.52Z", "type": "purchase",
        "party": "customer",
    },
    "account": {"user_id": "3132", "username_md5": "4f9726678c438914fa04bdb8c1a24088"},
    "email": {"address": "test@maxmind.com", "domain": "maxmind.com"},
    "billing": {
        "first_name": "First", "last_name": "Last", "company": "Company", "address": "101 Address Rd.",
        "address_2": "Unit 5", "city": "London", "region": "ENG", "country": "GB", "postal": "EC1A 1BB",
        "phone_number": "20 7183 8750", "phone_country_code": "44",
    },
    "shipping": {"country": "US", "city": "Hamden", "delivery_speed": "same_day"},
    "payment": {
        "method": "card", "processor": "stripe", "was_authorized": False,
        "decline_code": "insufficient_funds",
    },
    "credit_card": {
        "issuer_id_number": "457173", "last_digits": "7643", "bank_name": "Bank", "avs_result": "Y",
        "cvv_result": "N", "was_3d_secure_successful": True, "token": "fp_9f2c",
    },
    "order": {
        "amount": 323.21, "currency": "USD", "discount_code": "FIRST", "is_gift": True,
        "has_gift_message": False, "affiliate_id": "af12", "subaffiliate_id": "saf42",
        "referrer_uri": "https://www.example.com/",
    },
    "shopping_cart": [{"category": "pets", "item_id": "leash-0231", "quantity": 2, "price": 20.43}],
    "device": {
        "ip_address": "152.216.7.110", "session_age": 3600.5, "session_id": "foo",
        "user_agent": "Mozilla/5.0 (X11; Linux x86_64)", "accept_language": "en-US,en;q=0.8",
        "tracking_token": "t-1",
    },
    "custom_inputs": {
        "section": "news", "previous_purchases": 19, "discount": 3.2, "previous_user": True,
        "account_age_days": 40, "license_key_hash": "lk-1", "delivery_mode": "licence_key", "retry_n": 1,
    },
}


def client(key=FULL):
    return Client(42, key, host=HOST, timeout=20)


def refused(kind, call, part=""):
    try:
        call()
    except kind as error:
        assert part in str(error), error
        return error
    raise AssertionError(f"no {kind.__name__}")


def sale(**changed):
    """The sale with other groups; None leaves one out."""
    body = copy.deepcopy(SALE)
    for group, members in changed.items():
        body.pop(group, None) if members is None else body.update({group: members})
    return body


def calls():
    with client() as ours:
        score = ours.score(sale())
        assert 0.01 <= score.risk_score <= 99 and score.warnings == [], score
        assert score.funds_remaining > 0 and score.queries_remaining > 0
        assert score.disposition.action in ("accept", "manual_review", "reject", "hold_delivery"), score
        insights = ours.insights(sale())
        # Asked again in another depth: one transaction, one decision.
        assert (insights.id, insights.risk_score) == (score.id, score.risk_score)
        assert insights.ip_address.country.iso_code == "US", insights.ip_address
        assert str(insights.ip_address.traits.ip_address) == "152.216.7.110"
        assert insights.credit_card.country and insights.credit_card.brand, insights.credit_card
        assert insights.billing_address.is_in_ip_country is False, insights.billing_address
        assert insights.billing_phone.country == "GB", insights.billing_phone
        assert insights.email.is_disposable is False, insights.email
        factors = ours.factors(sale())
        assert factors.id == score.id
        for reason in factors.risk_score_reasons:
            assert reason.multiplier > 1.5 or 0 < reason.multiplier < 0.66, reason
            assert reason.reasons[0].code and reason.reasons[0].reason
        assert factors.risk_score_reasons, "nothing moved the score"
        return score


def asynchronous(score):
    async def ask():
        async with AsyncClient(42, FULL, host=HOST) as ours:
            return await ours.score(sale())

    assert asyncio.run(ask()).id == score.id


def lenient():
    odd = sale(
        event={"type": "surprise", "time": "yesterday", "colour": "red"},
        device={"ip_address": "not one"},
        order={"amount": "12,50", "currency": "USD"},
        nonsense={"a": 1},
        credit_card={"token": "5105105105105100"},
    )
    with client() as ours:
        answer = ours.score(odd, validate=False)
        told = {(w.code, w.input_pointer) for w in answer.warnings}
        for wanted in [
            ("INPUT_INVALID", "/event/type"), ("INPUT_INVALID", "/event/time"),
            ("INPUT_UNKNOWN", "/event/colour"), ("INPUT_UNKNOWN", "/nonsense"),
            ("INPUT_INVALID", "/order/amount"), ("IP_ADDRESS_INVALID", "/device/ip_address"),
            ("INPUT_INVALID", "/credit_card/token"),
        ]:
            assert wanted in told, (wanted, told)
        assert ours.score(odd, validate=False).id == answer.id, "a retry without an id"
        empty = ours.score({"device": {"ip_address": "152.216.7.110"}})
        assert empty.id != answer.id and empty.warnings == [], empty
        coerced = ours.score(sale(event={"transaction_id": 7}, order={"amount": "9.90", "currency": "EUR"}),
                             validate=False)
        assert coerced.warnings == [], coerced.warnings
        more = sale()
        more["order"]["amount"] = 400
        assert ours.score(more).id != ours.score(sale()).id, "other values are another scoring"
        # Of a digest of the mailbox only its domain is told.
        hashed = ours.insights(sale(event={"transaction_id": "txn-h"}), hash_email=True)
        assert hashed.warnings == [] and hashed.email.is_disposable is False, hashed
        trial = ours.score({"event": {"type": "account_creation", "transaction_id": "trial-1"},
                            "custom_inputs": {"trial": True}})
        assert trial.warnings == [], trial.warnings


def reports(score):
    with client() as ours:
        report = {"tag": "chargeback", "chargeback_code": "10.4", "minfraud_id": score.id}
        for again in range(2):
            assert ours.report(report) is None
        assert ours.report({"tag": "not_fraud", "transaction_id": "trial-1"}) is None
        assert ours.report({"tag": "chargeback", "chargeback_code": "13.1", "transaction_id": "7",
                            "notes": "late"}) is None
        bad = minfraud.InvalidRequestError
        for body, part in [
            ({"transaction_id": "7"}, "TAG_REQUIRED"),
            ({"tag": "nice", "transaction_id": "7"}, "TAG_INVALID"),
            ({"tag": "clear", "transaction_id": "7"}, "TAG_INVALID"),
            ({"tag": "chargeback", "ip_address": "152.216.7.110"}, "TRANSACTION_ID_REQUIRED"),
            ({"tag": "chargeback", "ip_address": "x"}, "IP_ADDRESS_INVALID"),
            ({"tag": "chargeback", "maxmind_id": "12345678"}, "MAXMIND_ID_INVALID"),
            ({"tag": "chargeback", "minfraud_id": "x"}, "MINFRAUD_ID_INVALID"),
            ({"tag": "chargeback", "minfraud_id": "01234567-0123-4567-89ab-0123456789ab"},
             "MINFRAUD_ID_INVALID"),
            ({"tag": "chargeback", "transaction_id": "7", "notes": "x" * 1001}, "NOTES_INVALID"),
            ({"tag": "chargeback", "transaction_id": "7", "colour": "red"}, "PARAMETER_UNKNOWN"),
        ]:
            error = refused(bad, lambda: ours.report(body, validate=False))
            assert part in error.args, (body, error.args)


def errors():
    wrong = FULL[:-1] + ("0" if FULL[-1] != "0" else "1")
    for key in (wrong, "secret"):
        refused(minfraud.AuthenticationError, lambda: client(key).score(sale()), "access keys")
    refused(minfraud.AuthenticationError, lambda: client("").score(sale()), "licence key")
    refused(PermissionRequiredError, lambda: client(NARROW).score(sale()), "scope")
    refused(PermissionRequiredError, lambda: client(SLOW).report(
        {"tag": "not_fraud", "transaction_id": "7"}), "scope")
    limited = [refused_or_not(client(SLOW)) for _ in range(5)]
    assert 429 in limited and limited[0] is None, limited
    large = sale(custom_inputs={f"k{n}": "x" * 250 for n in range(100)})
    error = refused(minfraud.HTTPError, lambda: client().score(large))
    assert error.http_status == 403, error
    card = sale(account={"user_id": "4111 1111 1111 1111"})
    answer = client().score(card, validate=False)
    assert answer.risk_score, "ids may look like anything"


def refused_or_not(ours):
    try:
        ours.score(sale())
    except minfraud.HTTPError as error:
        return error.http_status
    return None


def raw():
    """What the client itself never sends."""

    def ask(body, kind="application/json", auth=f"42:{FULL}"):
        headers = {"Content-Type": kind}
        if auth is not None:
            headers["Authorization"] = "Basic " + base64.b64encode(auth.encode()).decode()
        url = f"https://{HOST}/minfraud/v2.0/score"
        try:
            with urllib.request.urlopen(urllib.request.Request(url, body, headers)) as answer:
                return answer.status, answer.headers["Content-Type"], json.load(answer)
        except urllib.error.HTTPError as error:
            text = error.read()
            return error.code, error.headers["Content-Type"], json.loads(text) if text else None

    status, kind, body = ask(b"{}")
    assert (status, "id" in body) == (200, True), body
    assert kind == "application/vnd.maxmind.com-minfraud-score+json; charset=UTF-8; version=2.0", kind
    assert ask(b"{}", kind="application/json; charset=UTF-8")[0] == 200
    for body, wanted in [(b"{", "JSON_INVALID"), (b"", "JSON_INVALID"), (b"[" * 9000, "JSON_INVALID"),
                         (b"[]", "REQUEST_INVALID")]:
        status, kind, told = ask(body)
        assert (status, told["code"]) == (400, wanted), (body[:9], told)
        assert kind == "application/vnd.maxmind.com-error+json; charset=UTF-8; version=2.0", kind
    assert ask(b"{}", kind="text/plain")[0] == 415
    for auth in (None, f":{FULL}", "42"):
        status, _, told = ask(b"{}", auth=auth)
        assert (status, told["code"]) == (401, "ACCOUNT_ID_REQUIRED"), (auth, told)


score = calls()
asynchronous(score)
lenient()
reports(score)
errors()
raw()
print("minFraud client for Python", version("minfraud"), "- four calls and each error: good")

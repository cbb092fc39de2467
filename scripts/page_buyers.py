#!/usr/bin/env python3
"""Buyers who pay on a gateway's page, each in a thread of their own, through a server that may be killed.

usage: page_buyers.py SHOP TOSS KEY ORDERS

Whatever breaks is tried again with the same key, as a browser or a shop would. Ends when every order and
every refund is final, and prints what came of them as JSON.
"""
import collections
import json
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

SHOP, TOSS, KEY, ORDERS = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
PATIENCE = 600


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


PLAIN = urllib.request.build_opener(urllib.request.ProxyHandler({}), NoRedirect)


def call(url, body=None, headers=None, key=None):
    """One call: the status and the body, or None if there was no answer."""
    request = urllib.request.Request(url, headers=headers or {})
    if body is not None:
        request.data = json.dumps(body).encode()
        request.add_header("Content-Type", "application/json")
    if key:
        request.add_header("Authorization", "Bearer " + key)
    try:
        with PLAIN.open(request, timeout=40) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read()
    except OSError:
        return None


def until(good, url, **kwargs):
    """Calls until the status is one of the good ones."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        answer = call(url, **kwargs)
        if answer and answer[0] in good:
            return answer
        repeated.append(url)
        time.sleep(0.3)
    raise SystemExit(f"no good answer from {url}: {answer}")


repeated = []


def as_json(answer):
    return json.loads(answer[1])


def visit(number, product, buyer):
    wish = {"buyer": buyer, "items": [{"product_id": product, "quantity": 1}], "payment": {"method": "toss"}}
    headers = {"Idempotency-Key": f"order-{number}"}
    order = as_json(until({202}, f"{SHOP}/v1/orders", body=wish, headers=headers, key=KEY))
    payment = order["payment"]["id"]
    page = {
        "orderId": order["payment"]["last_attempt"]["gateway_order_id"],
        "orderName": "A book",
        "amount": order["total"],
    }
    opened = as_json(until({200, 201}, f"{TOSS}/_sim/payments", body=page))
    choice = {"choice": "pay-over-limit" if number % 10 == 9 else "pay"}
    agreed = f"{TOSS}/_sim/payments/{opened['paymentKey']}/authenticate"
    back = as_json(until({200}, agreed, body=choice))
    query = urllib.parse.urlencode({name: back[name] for name in ("paymentType", "paymentKey", "orderId", "amount")})
    # The browser reloads until it sees something else than an error; a second return is the first one again.
    until({303}, f"{SHOP}/pay/{payment}/return/agreed?{query}")
    if number % 5 == 0:
        until({303}, f"{SHOP}/pay/{payment}/return/agreed?{query}")
    order = wait(f"{SHOP}/v1/orders/{order['id']}", lambda order: order["status"] != "pending" or order["payment"]["status"] == "created")
    if order["status"] == "completed" and number % 3 == 0:
        ask = {"amount": 1000, "reason": "a torn page"}
        headers = {"Idempotency-Key": f"refund-{number}"}
        until({201, 202}, f"{SHOP}/v1/payments/{payment}/refunds", body=ask, headers=headers, key=KEY)
        refunds = f"{SHOP}/v1/payments/{payment}/refunds"
        wait(refunds, lambda refunds: all(refund["status"] == "done" for refund in refunds["data"]))
    elif order["status"] == "pending":
        # Declined: the buyer has no other card and gives up.
        until({200}, f"{SHOP}/v1/orders/{order['id']}/cancel", body={}, key=KEY)
    ends[as_json(until({200}, f"{SHOP}/v1/orders/{order['id']}", key=KEY))["payment"]["status"]] += 1


def wait(url, good):
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        seen = as_json(until({200}, url, key=KEY))
        if good(seen):
            return seen
        time.sleep(0.5)
    raise SystemExit(f"{url} is not final: {json.dumps(seen)[:800]}")


ends = collections.Counter()


def main():
    product = {"kind": "book", "name": "A book", "price": 12000, "stock": ORDERS}
    product = as_json(until({201}, f"{SHOP}/v1/products", body=product, key=KEY))["id"]
    buyer = {"email": "page@example.com", "password": "page-page-page"}
    buyer = as_json(until({201}, f"{SHOP}/v1/auth/signup", body=buyer))["user"]["id"]
    visits = [threading.Thread(target=visit, args=(number, product, buyer)) for number in range(ORDERS)]
    for thread in visits:
        thread.start()
        time.sleep(0.05)
    for thread in visits:
        thread.join()
    print(json.dumps({"payments": dict(ends), "calls_repeated": len(repeated)}))
    if sum(ends.values()) != ORDERS:
        raise SystemExit(f"only {sum(ends.values())} of {ORDERS} visits ended")


main()

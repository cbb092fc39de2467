-- One order as a careful shop writes it by hand, for pgbench: three commits, nothing held in
-- between, every guard in the statement. A guard that touches no row ends the run with an error.
--
-- pgbench -M prepared -D products=1000 -f three_commits.sql: spread; -D products=1: one hot product.

\set product random(1, :products)
\set buyer random(1, 100000)

BEGIN;
INSERT INTO orders (buyer, product_id, quantity, total) VALUES (:buyer, :product, 1, 1000)
RETURNING id AS order_id \gset
UPDATE products SET stock = stock - 1 WHERE id = :product AND stock >= 1
RETURNING stock AS left_over \gset
INSERT INTO payments (order_id, amount) VALUES (:order_id, 1000);
COMMIT;

BEGIN;
UPDATE payments SET state = 'requested', gateway_key = 'key-' || order_id, changed_at = now()
WHERE order_id = :order_id AND state = 'created'
RETURNING order_id AS requested \gset
INSERT INTO payment_history (order_id, state) VALUES (:order_id, 'requested');
COMMIT;

BEGIN;
UPDATE payments SET state = 'paid', changed_at = now()
WHERE order_id = :order_id AND state = 'requested'
RETURNING order_id AS paid \gset
UPDATE orders SET status = 'completed' WHERE id = :order_id AND status = 'pending'
RETURNING id AS completed \gset
INSERT INTO ledger (order_id, account, amount)
VALUES (:order_id, 'gateway', 1000), (:order_id, 'sales', -1000);
INSERT INTO outbox (order_id, event) VALUES (:order_id, 'order.completed');
COMMIT;

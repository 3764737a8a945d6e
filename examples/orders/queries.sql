SELECT order_id, total_amount, created_at FROM orders WHERE user_id = 1001 ORDER BY created_at DESC LIMIT 10;
SELECT order_id, JSON_EXTRACT(shipping_address, '$.city') AS city FROM orders WHERE JSON_EXTRACT(shipping_address, '$.city') = 'Bengaluru';

"""The shop's report, read from the reader endpoint: no load on the writer."""

from __future__ import annotations

import shop

BY_STATUS = """
SELECT status, COUNT(*), SUM(total_amount), AVG(total_amount), MAX(total_amount)
FROM orders GROUP BY status ORDER BY status
"""
LATEST = """
SELECT order_id, user_id, status, total_amount, JSON_EXTRACT(shipping_address, '$.city') AS city
FROM orders ORDER BY order_id DESC LIMIT 5
"""


def main() -> None:
    options = shop.arguments(__doc__, port=3307)
    connection = shop.connect(options.host, options.port, options.password)
    with connection.cursor() as cursor:
        cursor.execute(BY_STATUS)
        print(f"{'status':<12}{'orders':>8}{'sum':>16}{'average':>14}{'largest':>12}")
        for status, count, total, average, largest in cursor.fetchall():
            print(f"{status:<12}{count:>8}{total:>16}{average:>14}{largest:>12}")
        print("latest orders")
        cursor.execute(LATEST)
        for order, user, status, total, city in cursor.fetchall():
            print(f"  {order:>8}  customer {user}  {status:<10}{total:>12}  {city}")
    connection.close()


if __name__ == "__main__":
    main()

"""How long after its commit an order is seen on the reader, and what the cluster itself reports."""

from __future__ import annotations

import random
import time

import shop

STATUS = """
SELECT server_id, session_id, replica_lag_in_milliseconds
FROM information_schema.replica_host_status ORDER BY server_id
"""
SEEN = "SELECT COUNT(*) FROM orders WHERE order_id = %s"


def lag_ms(writer: object, reader: object, rng: random.Random) -> float:
    """Milliseconds from the acknowledgement of one order to the read that shows it."""
    order = shop.place_order(writer, 1001, rng)
    committed = time.perf_counter()
    with reader.cursor() as cursor:  # type: ignore[attr-defined]
        while True:
            cursor.execute(SEEN, (order,))
            if cursor.fetchone()[0]:
                return (time.perf_counter() - committed) * 1000


def main() -> None:
    options = shop.arguments(__doc__, port=3306, reader_port=3307, orders=200, seed=1)
    writer = shop.connect(options.host, options.port, options.password)
    reader = shop.connect(options.host, options.reader_port, options.password)
    rng = random.Random(options.seed)
    lags = sorted(lag_ms(writer, reader, rng) for _ in range(options.orders))
    p50, p99 = lags[len(lags) // 2], lags[len(lags) * 99 // 100]
    print(f"{options.orders} orders seen on the reader: p50 {p50:.2f} ms, p99 {p99:.2f} ms")
    with writer.cursor() as cursor:
        cursor.execute(STATUS)
        for server, session, lag in cursor.fetchall():
            role = "writer" if session == "MASTER_SESSION_ID" else "reader"
            print(f"  {server:<12}{role:<8}{lag:>8.2f} ms")


if __name__ == "__main__":
    main()

"""Customers place orders concurrently on the writer; prints the rate."""

from __future__ import annotations

import random
import threading
import time

import shop


def main() -> None:
    options = shop.arguments(__doc__, port=3306, orders=1000, customers=8, seed=1)
    placed = [0] * options.customers

    def customer(number: int) -> None:
        rng = random.Random(options.seed * 1000 + number)
        connection = shop.connect(options.host, options.port, options.password)
        for _ in range(options.orders // options.customers):
            order = shop.place_order(connection, 1001 + number, rng)
            if rng.random() < 0.3:
                shop.advance_order(connection, order, rng.choice(shop.STATUSES[1:]))
            placed[number] += 1
        connection.close()

    threads = [threading.Thread(target=customer, args=(n,)) for n in range(options.customers)]
    started = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.monotonic() - started
    print(f"{sum(placed)} orders by {options.customers} customers in {seconds:.2f} s")
    print(f"{sum(placed) / seconds:.0f} orders/s, each durable before the customer was told")


if __name__ == "__main__":
    main()

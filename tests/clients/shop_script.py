"""The shop's script and what MySQL answers to it (recorded from a real server)."""

from __future__ import annotations

from pathlib import Path

SHOP = Path(__file__).resolve().parents[2] / "examples" / "orders"


def statements(name: str, database: str) -> list[str]:
    """The statements of a shop file, for a database of another name."""
    text = (SHOP / name).read_text(encoding="utf-8").replace("ecommerce", database)
    return [part.strip() for part in text.split(";\n") if part.strip()]


#: name, original name, table, collation, length, type, flags, decimals
RECENT_ORDERS_FIELDS = [
    ("order_id", "order_id", "orders", 63, 20, 8, 16899, 0),
    ("total_amount", "total_amount", "orders", 63, 14, 246, 4097, 2),
    ("created_at", "created_at", "orders", 63, 19, 12, 128, 0),
]
BY_CITY_FIELDS = [
    ("order_id", "order_id", "orders", 63, 20, 8, 16899, 0),
    ("city", "", "", 255, 4294967292, 245, 128, 31),
]
INSERT_INFO = b"Records: 2  Duplicates: 0  Warnings: 0"

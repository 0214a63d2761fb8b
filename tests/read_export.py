"""Reads an export with pyarrow and holds it against what the ledger lists. See tests/read_export."""

import json
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.dataset as ds

ARROW = {
    "boolean": pa.bool_(),
    "whole number": pa.int64(),
    "decimal": pa.float64(),
    "number": pa.float64(),
    "money": pa.float64(),
    "time": pa.timestamp("ms", tz="UTC"),
}


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def table(directory, kind):
    partitioning = ds.partitioning(
        pa.schema([("kind", pa.string()), ("month", pa.string())]), flavor="hive"
    )
    found = ds.dataset(directory, format="parquet", partitioning=partitioning,
                       schema=ds.dataset(directory / f"kind={kind}", format="parquet").schema
                       .append(pa.field("kind", pa.string())).append(pa.field("month", pa.string())))
    return found.to_table(filter=ds.field("kind") == kind)


def check(directory, personal, fields, decisions, rows):
    listed = {row["sequence"]: row for row in rows}
    seen = set()
    for kind in sorted({row["kind"] for row in rows}):
        read = table(directory, kind).to_pylist()
        assert len(read) == sum(row["kind"] == kind for row in rows), kind
        for row in read:
            known = listed[row["ledger.sequence"]]
            assert row["ledger.id"] == known["id"] and row["month"] == known["event_time"][:7]
            assert row["kind"] == known["kind"]
            seen.add(row["ledger.sequence"])
    assert seen == set(listed)

    read = table(directory, "decision")
    for field in fields:
        assert read.schema.field(field["name"]).type == ARROW.get(field["type"], pa.string()), field
    by_id = {row["ledger.id"]: row for row in read.to_pylist()}
    for decision in decisions:
        row = by_id[decision["transaction_id"]]
        assert row["decision.action"] == decision["action"]
        assert row["decision.risk_score"] == decision["risk_score"]
        assert row["model.risk_score"] == decision["risk_score"]
        assert json.loads(row["decision.json"]) == decision
        record = json.loads(row["decision.record"])
        for field in fields:
            name, value = field["name"], row[field["name"]]
            stored = record.get(name)
            if stored is None:
                assert value is None, (name, value)
            elif field["type"] == "money":
                assert value == float(stored["value"]), name
                assert row[name + ".currency"] == stored["currency"]
            elif field["type"] == "decimal":
                assert value == float(stored), name
            elif field["type"] != "time":
                assert value == stored, (name, value, stored)
            if field["personal"] and not personal:
                assert value is None, name
        assert (row["decision.transaction"] is not None) == personal
    frame = read.select(["card.bin", "amount", "ip.country"])
    assert frame.num_rows == len(decisions) and frame.column("amount").null_count < frame.num_rows


def main():
    directory = Path(sys.argv[1])
    fields = json.loads((directory / "fields.json").read_text())
    decisions = lines(directory / "decisions.jsonl")
    rows = lines(directory / "rows.jsonl")
    assert len(decisions) > 20 and len(rows) > len(decisions)
    check(directory / "open", False, fields, decisions, rows)
    check(directory / "whole", True, fields, decisions, rows)
    print(f"pyarrow read {len(rows)} entries, {len(fields)} fields of {len(decisions)} decisions")


main()

"""Scans in SQL: a JSON value of their version's row, since nobody looks for one by what is in it."""

from datetime import datetime
from typing import Any

from servery_registry.domain.scan import Finding, Scan, Verdict


def scan_to_json(scan: Scan | None) -> dict[str, Any] | None:
    """What is stored."""
    if scan is None:
        return None
    return {
        "verdict": scan.verdict.value,
        "scanner": scan.scanner,
        "findings": [
            {"path": each.path, "format": each.format, "verdict": each.verdict.value, "text": each.text}
            for each in scan.findings
        ],
        "scan_time": scan.scan_time.isoformat(),
    }


def scan_from_json(stored: dict[str, Any] | None) -> Scan | None:
    """What was stored."""
    if stored is None:
        return None
    return Scan(
        verdict=Verdict(stored["verdict"]),
        scanner=stored["scanner"],
        findings=tuple(Finding(**(each | {"verdict": Verdict(each["verdict"])})) for each in stored["findings"]),
        scan_time=datetime.fromisoformat(stored["scan_time"]),
    )

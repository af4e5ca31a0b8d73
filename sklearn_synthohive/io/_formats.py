"""Which files are tables, by their suffix."""

from pathlib import Path

CSV, CSV_GZ, PARQUET = ".csv", ".csv.gz", ".parquet"


def format_of(path):
    """The format of a file; ValueError for one that is not known."""
    name = Path(path).name.lower()
    for suffix in (CSV_GZ, CSV, PARQUET):
        if name.endswith(suffix):
            return suffix
    raise ValueError(
        f"{str(path)!r} is not a table that can be read or written: its name must end "
        f"in {CSV}, {CSV_GZ} or {PARQUET}."
    )


def import_parquet():
    """``pyarrow`` and ``pyarrow.parquet``, or an error that names the extra."""
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        raise ImportError(
            "Parquet needs pyarrow: pip install 'sklearn-synthohive[parquet]', or use "
            "a .csv file."
        ) from error
    return pa, pq

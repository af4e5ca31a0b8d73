"""Tables in and out: CSV and Parquet files, whole or batch by batch."""

from sklearn_synthohive.io._folder import find_tables
from sklearn_synthohive.io._parts import read_parts
from sklearn_synthohive.io._read import read_table
from sklearn_synthohive.io._write import TableWriter, write_table

__all__ = ["TableWriter", "find_tables", "read_parts", "read_table", "write_table"]

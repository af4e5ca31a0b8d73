"""The description of a table among the metadata, checked against the table."""

from sklearn_synthohive.exceptions import SchemaError

__all__ = ["check_metadata", "find_config"]


def check_metadata(metadata, table_name):
    """Refuse metadata without tables, and a table without metadata.

    Parameters
    ----------
    metadata : Metadata or None
    table_name : str or None
    """
    if metadata is not None and not metadata.tables:
        raise ValueError(
            "metadata describe no table; call metadata.add_table(...) or leave "
            "metadata out."
        )
    if metadata is None and table_name is not None:
        raise SchemaError(
            f"table_name={table_name!r} needs metadata that describe the table: "
            "DataTransformer(metadata)."
        )


def find_config(metadata, table, table_name):
    """The description of a table, checked against its columns.

    Parameters
    ----------
    metadata : Metadata or None
    table : Table
        As ``read_table`` returns it.
    table_name : str or None

    Returns
    -------
    TableConfig or None
        None without a name.
    """
    if table_name is None:
        return None
    config = metadata.get_table(table_name)
    named = [*config.columns_excluded, *config.constraints]
    named += config.high_cardinality_cols
    unknown = [c for c in named if c not in table.labels]
    if unknown:
        raise SchemaError(
            f"Table {table_name!r} is described with the columns {unknown}, which "
            f"the data do not have; they have {table.labels}."
        )
    for i, label in enumerate(table.labels):
        rule = config.constraints.get(label)
        if rule is not None:
            # Raises for a rule on a column of another kind.
            rule.violations(table.frame.iloc[:, i].rename(label))
    return config

"""sklearn_synthohive's StagedOrchestrator: ``orphans``, and options of ``fit_all``."""

import warnings

from sklearn_synthohive import Metadata, StagedOrchestrator

PACKAGES = ("sklearn-synthohive", "torch", "scikit-learn", "numpy", "pandas")


def run(schema, seed, watch, **options):
    metadata = metadata_of(schema)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        own = {k: options.pop(k) for k in ("orphans",) if k in options}
        model = StagedOrchestrator(metadata, random_state=seed, **own)
        with watch("fit"):
            model.fit_all(schema.tables, progress_bar=False, **options)
        with watch("sample"):
            return model.generate(rows_of(model, schema))


def rows_of(model, schema):
    """As many rows of each root table as there are real ones."""
    return {name: len(schema.tables[name]) for name in model.plan_.roots}


def metadata_of(schema):
    """The schema's keys as Metadata."""
    references = {name: {} for name in schema.tables}
    for key in schema.foreign:
        to = tuple(f"{key.parent}.{column}" for column in key.parent_columns)
        references[key.child][key.columns] = to
    metadata = Metadata()
    for name in schema.tables:
        metadata.add_table(name, pk=schema.primary[name] or None, fk=references[name])
    return metadata

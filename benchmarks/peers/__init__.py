"""One file a model, each with ``PACKAGES`` and ``run``.

``run(train, n_rows, seed, watch, **options)`` fits on ``train`` and returns ``n_rows``
synthetic rows; it spends its time inside ``watch("encode")``, ``watch("fit")`` (which
includes encoding) and ``watch("sample")``. ``PACKAGES`` are those whose versions count.
A file is imported only in the process, and by the Python, that runs its model.
"""

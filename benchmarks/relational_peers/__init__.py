"""One file a model, each with ``PACKAGES`` and ``run``.

``run(schema, seed, watch, **options)`` fits on a :class:`schemas.Schema` and returns as
many synthetic rows of the root tables as there are real ones, and their children: a
dict of frames with the real columns. It spends its time inside ``watch("fit")`` and
``watch("sample")``. A file is imported only in the process, and by the Python, that
runs its model.
"""

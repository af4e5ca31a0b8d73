"""The conditional tabular GAN as a scikit-learn estimator."""

from __future__ import annotations

from sklearn.base import BaseEstimator

from sklearn_synthohive.generators._base import ConditionalGenerativeModel
from sklearn_synthohive.generators._encoding import EncodingMixin
from sklearn_synthohive.generators._inference import InferenceMixin
from sklearn_synthohive.generators._options import (
    PARAMETER_CONSTRAINTS,
    check_parameters,
    manifest_of,
    resolve_device,
)
from sklearn_synthohive.generators._persistence import prepare_folder
from sklearn_synthohive.generators._sampling import SamplingMixin
from sklearn_synthohive.generators._saving import SavingMixin
from sklearn_synthohive.generators._strategies import STRATEGIES
from sklearn_synthohive.generators._training import RunOptions, train
from sklearn_synthohive.logging import get_logger
from sklearn_synthohive.utils.params import _fit_context
from sklearn_synthohive.utils.random import draw_seed

__all__ = ["CTGAN"]

log = get_logger(__name__)


class CTGAN(
    EncodingMixin,
    SamplingMixin,
    InferenceMixin,
    SavingMixin,
    ConditionalGenerativeModel,
    BaseEstimator,
):
    """Conditional generator of tables with entity embeddings and parent context.

    Learns a table, raw or encoded by :class:`DataTransformer`, and samples rows like
    it. Two networks stand behind one interface: an autoregressive one [2]_ (default),
    and with ``generator="mlp"`` the conditional GAN of Xu et al. 2019 [1]_. To the GAN
    three things are added by default, each of which a parameter switches off: a loss
    on the second moments of the encoded row, a moving average of the generator, and
    forced states that are put in place instead of learnt.

    Parameters
    ----------
    metadata : Metadata, optional
        Keys and constraints of the table that ``fit(table_name=...)`` names.
    embedding_dim : int, default=128
        "mlp": width of the noise.
    generator_dim : sequence of int, optional
        Widths of the generator's hidden layers: (256, 256) for "mlp"; units a column
        for "autoregressive", (32, 32), of 50,000 rows and more (64, 64, 64).
    discriminator_dim : sequence of int, default=(256, 256)
        "mlp": widths of the critic's hidden layers.
    batch_size : int, default=500
        Rows a step; for "mlp" a multiple of ``pac``, else fewer on small tables.
    epochs : int, default=300
        Passes over the rows, at most; over a small table several passes are one epoch.
    embedding_threshold : int, default=50
        Categories with more levels become integer codes with an entity embedding.
    min_frequency : int or float, optional
        Rows, or share of the rows, below which neither a level nor a number is kept,
        in the model or its rows. None keeps all levels, with a warning in the log where
        single rows have one; see :class:`DataTransformer`.
    rare_levels : {"merge", "missing"}, default="merge"
        Whether rare levels become one level, "other", or missing.
    n_components : int, optional
        Components of the mixture of each continuous column, at most; 10 for "mlp". The
        autoregressive network brings mixtures of its own and takes 1, or 3 where there
        is a context and some number lies in groups apart.
    discriminator_steps : int, default=1
        "mlp": critic steps for each generator step.
    generator_lr : float, optional
        Learning rate of the generator: 1e-3 for "mlp", 1e-2 for "autoregressive" (5e-3
        where a linear law was learnt first).
    discriminator_lr : float, default=1e-3
        "mlp": learning rate of the critic.
    generator_decay : float, default=1e-6
        "mlp": weight decay of the generator.
    device : str, default="auto"
        "auto" (CUDA where there is one, else CPU) or a torch device.
    generator : {"autoregressive", "mlp"}, default="autoregressive"
        The network: "autoregressive" draws column after column, each from its law given
        the columns before it, and is trained by maximum likelihood; "mlp" is the
        conditional GAN of [1]_, which makes all columns at once. Parameters that say
        "mlp" below have no part in the other one.
    pac : int, default=10
        "mlp": rows that the critic judges together (PacGAN).
    batch_norm : bool, default=True
        "mlp": batch normalisation in the generator; sampling uses its running
        statistics.
    moment_weight : float, default=3.0
        "mlp": weight of the second-moment loss; 0 switches it off.
    state_noise : float, default=0.0
        "mlp": scale of the Gumbel noise on categories, spikes and modes. At 0 the
        generator's own noise decides, which lets columns depend sharply on each other;
        1 is the Gumbel-softmax of [1]_.
    halving_steps : int, default=1000
        "mlp": steps after which the learning rates have halved (1 / (1 + step /
        halving_steps)); 0 keeps them constant.
    average_decay : float, default=0.995
        Decay of the moving average of the generator that is sampled from; 0 switches
        it off.
    forced_share : float, default=0.2
        "mlp": share of the training rows with a forced state (training-by-sampling).
        At 1, as in [1]_, sampling forces a state in every row, by its true frequency;
        below 1 it forces none but those that conditions name. A context needs it below
        1.
    mixed_precision : bool or "auto", default="auto"
        "mlp": multiply in bfloat16 in training, with sums and weights in float32;
        "auto" does where the device has it in hardware.
    clamp_conditions : bool, default=True
        "mlp": put forced states in place; else the generator learns them by
        cross-entropy, as in [1]_.
    calibrate : bool, default=True
        Fit the weights that ``sample(calibrated=True)`` needs, from a pool of sampled
        rows.
    adversarial_rounds : int, default=0
        "autoregressive": rounds after the likelihood in which trees tell real from
        sampled rows and weigh the latter's likelihood; each is kept if it helped.
    early_stopping : bool, default=True
        Stop when the score on held-out rows no longer improves, and keep the best
        state; else train for all epochs and keep the last. The score is the
        log-likelihood, for "mlp" the fidelity of sampled rows.
    validation_fraction : float, default=0.1
        Share of the rows that is held out, at least 30 rows or 30 %; for "mlp", which
        needs 100 rows for a score that says something, else the training rows are
        scored.
    n_iter_no_change : int, default=3
        Epochs without a gain before training stops. For "autoregressive", epochs of
        fewer than 100 batches, as small tables have, count in proportion.
    tol : float, default=1.5e-3
        Gain in the score that counts.
    max_steps : int or None, default=6000
        "autoregressive" with ``early_stopping``: batches to learn from, at most, spread
        over four epochs or more, so that large tables take minutes. None sets no limit
        beside ``epochs``.
    rules : {"all", "exact", None}, default="all"
        "exact": keep what holds on every row: columns that follow from another one,
        sums and products of numbers, columns that are never above another one. "all":
        repeats of another column's value, too.
    resume_from : path-like, optional
        A ``checkpoint_dir`` of an earlier fit, or a checkpoint in it: training goes on
        from there, with the same rows and parameters, as if it had never stopped.
    transformer : DataTransformer, optional
        Encodes raw rows; replaces the one made from ``embedding_threshold``,
        ``min_frequency``, ``rare_levels``, ``n_components`` and ``n_jobs``.
    random_state : int, RandomState instance or None, default=None
    n_jobs : int, optional
        Threads for sampling and processes for the encoding of columns.
    callbacks : sequence of skorch callbacks, optional

    Attributes
    ----------
    layout_ : Layout
        Of the encoded matrix.
    transformer_ : DataTransformer or None
        The fitted encoder; None when ``fit`` saw an encoded matrix.
    context_transformer_ : DataTransformer or None
    net_ : skorch.NeuralNet or None
        The trained net; None after ``load``.
    history_ : DataFrame
        Seconds, losses and score of each epoch.
    seed_ : int
        Repeats this fit when given as ``seed``.
    rules_ : list of str
        What ``rules`` has found.
    n_features_in_ : int
    feature_names_in_ : ndarray of str

    Notes
    -----
    To reproduce [1]_: ``CTGAN(generator="mlp", moment_weight=0, average_decay=0,
    state_noise=1, forced_share=1, halving_steps=0, clamp_conditions=False,
    early_stopping=False, validation_fraction=0, generator_lr=2e-4,
    discriminator_lr=2e-4, mixed_precision=False,
    transformer=DataTransformer(max_spikes=0, max_distinct=0,
    categorical_features="from_dtype"))``.

    References
    ----------
    .. [1] L. Xu, M. Skoularidou, A. Cuesta-Infante, K. Veeramachaneni, "Modeling
       Tabular Data using Conditional GAN", NeurIPS 2019, arXiv:1907.00503.
    .. [2] M. Germain, K. Gregor, I. Murray, H. Larochelle, "MADE: Masked Autoencoder
       for Distribution Estimation", ICML 2015, arXiv:1502.03509.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn_synthohive import CTGAN
    >>> df = pd.DataFrame({"age": [31, 45, 27, 60] * 50, "sex": ["F", "M"] * 100})
    >>> gan = CTGAN(epochs=2, batch_size=100, random_state=0)
    >>> gan.fit(df, progress_bar=False).sample(3).shape
    (3, 2)
    """

    _parameter_constraints = PARAMETER_CONSTRAINTS

    def __init__(
        self,
        metadata=None,
        *,
        embedding_dim=128,
        generator_dim=None,
        discriminator_dim=(256, 256),
        batch_size=500,
        epochs=300,
        embedding_threshold=50,
        min_frequency=None,
        rare_levels="merge",
        n_components=None,
        discriminator_steps=1,
        generator_lr=None,
        discriminator_lr=1e-3,
        generator_decay=1e-6,
        device="auto",
        generator="autoregressive",
        pac=10,
        batch_norm=True,
        moment_weight=3.0,
        state_noise=0.0,
        halving_steps=1000,
        average_decay=0.995,
        forced_share=0.2,
        mixed_precision="auto",
        clamp_conditions=True,
        adversarial_rounds=0,
        calibrate=True,
        early_stopping=True,
        validation_fraction=0.1,
        n_iter_no_change=3,
        tol=1.5e-3,
        max_steps=6000,
        rules="all",
        resume_from=None,
        transformer=None,
        random_state=None,
        n_jobs=None,
        callbacks=None,
    ):
        self.metadata = metadata
        self.embedding_dim = embedding_dim
        self.generator_dim = generator_dim
        self.discriminator_dim = discriminator_dim
        self.batch_size = batch_size
        self.epochs = epochs
        self.embedding_threshold = embedding_threshold
        self.min_frequency = min_frequency
        self.rare_levels = rare_levels
        self.n_components = n_components
        self.discriminator_steps = discriminator_steps
        self.generator_lr = generator_lr
        self.discriminator_lr = discriminator_lr
        self.generator_decay = generator_decay
        self.device = device
        self.generator = generator
        self.pac = pac
        self.batch_norm = batch_norm
        self.moment_weight = moment_weight
        self.state_noise = state_noise
        self.halving_steps = halving_steps
        self.average_decay = average_decay
        self.forced_share = forced_share
        self.mixed_precision = mixed_precision
        self.adversarial_rounds = adversarial_rounds
        self.clamp_conditions = clamp_conditions
        self.calibrate = calibrate
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.max_steps = max_steps
        self.rules = rules
        self.resume_from = resume_from
        self.transformer = transformer
        self.random_state = random_state
        self.n_jobs = n_jobs
        self.callbacks = callbacks

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(
        self,
        X,
        y=None,
        *,
        context=None,
        table_name=None,
        checkpoint_dir=None,
        log_metrics=True,
        seed=None,
        progress_bar=True,
        checkpoint_interval=10,
    ):
        """Learn a table.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n_rows, n_columns)
            Raw rows, or the matrix of a DataTransformer with its feature names.
        y : ignored
        context : DataFrame of shape (n_rows, n_context_columns), optional
            The parent's attributes, aligned with the rows by position.
        table_name : str, optional
            The table of ``metadata`` whose keys are left out and whose constraints
            hold.
        checkpoint_dir : path-like, optional
            Where ``best_checkpoint``, ``last_checkpoint`` (to resume from),
            ``final_checkpoint`` and ``training_metrics.csv`` are written.
        log_metrics : bool, default=True
            Whether the CSV file is written.
        seed : int, optional
            Of this run; takes precedence over ``random_state``.
        progress_bar : bool, default=True
            A tqdm bar on stderr.
        checkpoint_interval : int, default=10
            Epochs between checkpoints, and between fidelity scores.

        Returns
        -------
        self

        Raises
        ------
        TypeError, ValueError, SchemaError
            On bad input, before training.
        SerializationError
            When ``checkpoint_dir`` cannot be written; before training. A disk that
            fails later costs the checkpoint and warns.
        TrainingError
            When a loss explodes or is not finite a second time: after the first one
            training goes back to the last good epoch, at a tenth of the learning rate.
        """
        check_parameters(
            self,
            y,
            context,
            table_name,
            checkpoint_interval,
            log_metrics=log_metrics,
            progress_bar=progress_bar,
        )
        if checkpoint_dir is not None:
            checkpoint_dir = prepare_folder(checkpoint_dir)
        seed = draw_seed(self._resumed_seed(seed), self.random_state)
        log.info("training_seed", seed=seed)
        corpus = self._encode(X, context, table_name, seed)
        manifest = manifest_of(self, corpus.codec, table_name, seed)
        options = RunOptions(
            seed=seed,
            device=resolve_device(self.device),
            checkpoint_dir=checkpoint_dir,
            checkpoint_interval=checkpoint_interval,
            log_metrics=log_metrics,
            progress_bar=progress_bar,
            resume_from=self.resume_from,
            manifest=manifest,
        )
        columns = len(corpus.codec.layout.spans)
        log.info("training_start", rows=len(corpus), columns=columns)
        strategy = STRATEGIES[self.generator]
        fitted, net, history = train(strategy, self, corpus, options)
        # All at once: a fit that fails leaves the model that was there.
        self._set_fitted(fitted, manifest, history, net)
        log.info("training_complete", epochs=len(history), seed=seed)
        return self

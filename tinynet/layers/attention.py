"""Attention: each query takes a mean of the values, weighted by how well their keys match."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import ops
from ..core.checks import choice, positive_int
from ..ops.dropout import dropout
from ..random import SeedGenerator
from .base import Layer
from .einsum_dense import EinsumDense
from .masks import get_mask
from .weight_spec import describe_weight, weight_arguments, weight_config

if TYPE_CHECKING:
    from ..core.types import Array, Config, SeedLike, Shape
    from ..tensor import Tensor
    from ..variable import Variable
    from .weight_spec import ConstraintLike, InitializerLike, RegularizerLike

MINUS_INFINITY = -1e9  # finite, so that a row without any key is not NaN


def causal_mask(queries: int, keys: int) -> Array:
    """True where a query may use a key: at its own step and earlier ones. Shape (1, queries, keys).

    >>> causal_mask(2, 3).astype(int)
    array([[[1, 0, 0],
            [1, 1, 0]]])
    """
    return np.tril(np.ones((queries, keys), bool))[None]


class Attention(Layer):
    """Dot-product attention (Luong et al. 2015): y = softmax(q k^T) v.

    Args:
        use_scale: Multiply the scores by a learned number.
        score_mode: 'dot', or 'concat': a learned number times the sum of tanh(q + k).
        dropout: Probability of dropping a weight in training.
        seed: An int makes the masks repeat from run to run.

    Call arguments:
        inputs: [query, value] or [query, value, key], shapes (batch, queries, dim), (batch, keys, dim) twice.
        mask: [query mask, value mask], boolean, (batch, queries), (batch, keys), or None.
        return_attention_scores: Return the weights, (batch, queries, keys), too.
        use_causal_mask: Each query uses no later key.

    Shapes: (batch, queries, dim), (batch, keys, dim) -> (batch, queries, dim of the value).

    Raises:
        ValueError: `score_mode` is none of the two; the layer is called on anything but a list of two or three.

    >>> query, value = np.ones((2, 4, 8)), np.ones((2, 6, 8))
    >>> Attention()([query, value]).shape
    (2, 4, 8)

    >>> query, value = np.array([[[0.0]]]), np.array([[[2.0], [4.0]]])
    >>> Attention()([query, value]).numpy().ravel()  # equal scores: the mean
    array([3.], dtype=float32)
    """

    def __init__(self, use_scale: bool = False, score_mode: str = "dot", dropout: float = 0.0, seed: SeedLike = None,
                 **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.use_scale = use_scale
        self.score_mode = choice(score_mode, type(self).__name__, "score_mode", ("dot", "concat"))
        self.dropout = dropout
        self.seed = seed
        self.seed_generator = SeedGenerator(seed) if dropout > 0 else None
        self.supports_masking = True
        self.scale: Variable | None = None
        self.concat_score_weight: Variable | None = None

    def build(self, input_shape: list[Shape]) -> None:
        self._check(input_shape)
        if self.use_scale:
            self.scale = self.add_weight((), "ones", name="scale")
        if self.score_mode == "concat":
            self.concat_score_weight = self.add_weight((), "ones", name="concat_score_weight")

    def _check(self, inputs: Any) -> None:
        if not isinstance(inputs, list | tuple) or len(inputs) not in (2, 3):
            raise ValueError(f"{type(self).__name__}: expected [query, value] or [query, value, key], got {inputs!r}")

    def _scores(self, query: Tensor, key: Tensor) -> Tensor:
        if self.score_mode == "dot":
            scores = ops.matmul(query, ops.transpose(key, (0, 2, 1)))
            return scores if self.scale is None else scores * self.scale
        total = ops.expand_dims(query, 2) + ops.expand_dims(key, 1)
        total = total if self.scale is None else self.scale * total
        return ops.multiply(self.concat_score_weight, ops.sum(ops.tanh(total), axis=-1))

    def _is_product(self, value_mask: Any, causal: bool) -> bool:
        """Whether `ops.dot_product_attention` gives the same: to a query without any key, only nearly so."""
        if self.score_mode != "dot":
            return False
        # The first query of a causal one has the first key alone.
        return value_mask is None or bool((value_mask[:, 0] if causal else value_mask.any(axis=1)).all())

    def call(self, inputs: Any, mask: Any = None, return_attention_scores: bool = False, training: bool = False,
             use_causal_mask: bool = False) -> Any:
        self._check(inputs)
        query, value = inputs[:2]
        key = inputs[2] if len(inputs) > 2 else value
        query_mask, value_mask = (None if part is None else np.asarray(part).astype(bool)
                                  for part in ((None, None) if mask is None else list(mask)[:2]))
        weights = None
        dropped = training and self.dropout > 0
        if return_attention_scores or dropped or not self._is_product(value_mask, use_causal_mask):
            y, weights = self._with_weights(query, value, key, value_mask, use_causal_mask, training)
        else:
            query = query if self.scale is None else query * self.scale
            q, k, v = (ops.expand_dims(part, 2) for part in (query, key, value))  # one head
            y = ops.squeeze(ops.dot_product_attention(
                q, k, v, mask=None if value_mask is None else value_mask[:, None, None], scale=1.0,
                is_causal=use_causal_mask), 2)
        if query_mask is not None:
            y = y * ops.convert_to_tensor(query_mask[:, :, None], y.dtype)
        return (y, weights) if return_attention_scores else y

    def _with_weights(self, query: Tensor, value: Tensor, key: Tensor, value_mask: Any, causal: bool,
                      training: bool) -> tuple[Tensor, Tensor]:
        """The result, and the weights, after dropout."""
        scores = self._scores(query, key)
        allowed: Any = None if value_mask is None else value_mask[:, None, :]
        if causal:
            earlier = causal_mask(*scores.shape[1:])
            allowed = earlier if allowed is None else allowed & earlier
        if allowed is not None:
            scores = scores - ops.convert_to_tensor(-MINUS_INFINITY * ~allowed, scores.dtype)
        weights = ops.softmax(scores)
        if training and self.dropout > 0:
            weights = dropout(weights, self.dropout, seed=self.seed_generator)
        return ops.matmul(weights, value), weights

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        return None if previous_mask is None else list(previous_mask)[0]

    def compute_output_shape(self, input_shape: list[Shape]) -> Shape:
        self._check(input_shape)
        return (*input_shape[0][:-1], input_shape[1][-1])

    def get_config(self) -> Config:
        return {**super().get_config(), "use_scale": self.use_scale, "score_mode": self.score_mode,
                "dropout": self.dropout, "seed": self.seed}


class AdditiveAttention(Attention):
    """Additive attention (Bahdanau et al. 2015): scores are the sum of scale * tanh(q + k). Called as `Attention`.

    Args:
        use_scale: Learn a number for each of the dimensions; 1 otherwise.
        dropout: Probability of dropping a weight in training.
        seed: An int makes the masks repeat from run to run.

    Shapes: (batch, queries, dim), (batch, keys, dim) -> (batch, queries, dim); scale (dim,).

    >>> query, value = np.ones((2, 4, 8)), np.ones((2, 6, 8))
    >>> AdditiveAttention()([query, value]).shape
    (2, 4, 8)
    """

    def __init__(self, use_scale: bool = True, dropout: float = 0.0, **kwargs: Any) -> None:
        super().__init__(use_scale=use_scale, dropout=dropout, **kwargs)

    def build(self, input_shape: list[Shape]) -> None:
        self._check(input_shape)
        if self.use_scale:
            self.scale = self.add_weight((input_shape[1][-1],), "glorot_uniform", name="scale")

    def _is_product(self, value_mask: Any, causal: bool) -> bool:
        return False

    def _scores(self, query: Tensor, key: Tensor) -> Tensor:
        total = ops.tanh(ops.expand_dims(query, 2) + ops.expand_dims(key, 1))
        return ops.sum(total if self.scale is None else self.scale * total, axis=-1)

    def get_config(self) -> Config:
        configuration = super().get_config()
        del configuration["score_mode"]
        return configuration


class MultiHeadAttention(Layer):
    """Several attentions side by side, each on projections of its own (Vaswani et al. 2017).

    head_h = softmax(q W_q k^T W_k^T / sqrt(key_dim)) v W_v;  y = [head_1, ...] W_o

    Args:
        num_heads: How many.
        key_dim: Length of a head's queries and keys.
        value_dim: Length of a head's values; `key_dim` if None.
        dropout: Probability of dropping a weight in training.
        use_bias: Whether the projections add a bias.
        output_shape: Length of the output; the query's if None.
        attention_axes: Only the axes between batch and features are supported: None, or (1,) for sequences.
        sliding_window, flash_attention: Keras has these; tinynet does not.
        use_gate: Multiply each head's result by sigmoid(a projection of the query).
        kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer, kernel_constraint, bias_constraint:
            For all projections.
        activity_regularizer: Penalty on the output, added to the loss.
        seed: An int makes the masks repeat from run to run.

    Call arguments:
        query, value, key: (batch, queries, dim), (batch, keys, dim) twice; `value` if `key` is None.
        query_mask, value_mask, key_mask: Boolean, (batch, steps).
        attention_mask: Boolean, broadcasting to (batch, queries, keys).
        return_attention_scores: Return the weights, (batch, heads, queries, keys), too.
        use_causal_mask: Each query uses no later key.

    Shapes: (batch, queries, dim), (batch, keys, value's dim) -> (batch, queries, output_shape).

    Raises:
        TypeError: `num_heads`, `key_dim` or `value_dim` is no int.
        ValueError: it is below 1, or an argument is not supported.

    >>> x = np.ones((2, 8, 16))
    >>> MultiHeadAttention(num_heads=2, key_dim=4)(x, x).shape
    (2, 8, 16)
    """

    def __init__(self, num_heads: int, key_dim: int, value_dim: int | None = None, dropout: float = 0.0,
                 use_bias: bool = True, output_shape: Any = None, attention_axes: Any = None,
                 sliding_window: None = None, flash_attention: bool | None = None,
                 kernel_initializer: InitializerLike = "glorot_uniform", bias_initializer: InitializerLike = "zeros",
                 kernel_regularizer: RegularizerLike = None, bias_regularizer: RegularizerLike = None,
                 activity_regularizer: RegularizerLike = None, kernel_constraint: ConstraintLike = None,
                 bias_constraint: ConstraintLike = None, use_gate: bool = False, seed: SeedLike = None,
                 **kwargs: Any) -> None:
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        owner = "MultiHeadAttention"
        self.num_heads = positive_int(num_heads, owner, "num_heads")
        self.key_dim = positive_int(key_dim, owner, "key_dim")
        self.value_dim = positive_int(value_dim or key_dim, owner, "value_dim")
        if sliding_window is not None or attention_axes not in (None, 1, (1,), [1]):
            raise ValueError(
                f"{owner}: sliding_window, and attention_axes other than the steps of sequences, are not supported; "
                "use attention_mask for the first, reshape to (batch, steps, features) for the second"
            )
        if flash_attention:
            raise ValueError(f"{owner}: flash_attention is for GPUs; leave it out")
        self.attention_axes = attention_axes
        self._output_shape = output_shape
        self.dropout = dropout
        self.use_bias = use_bias
        self.use_gate = use_gate
        describe_weight(self, "kernel", kernel_initializer, kernel_regularizer, kernel_constraint)
        describe_weight(self, "bias", bias_initializer, bias_regularizer, bias_constraint)
        self.seed = seed
        self.seed_generator = SeedGenerator(seed) if dropout > 0 else None
        self.supports_masking = True

    def _projection(self, equation: str, output_shape: Shape, bias_axes: str, name: str) -> EinsumDense:
        layer = EinsumDense(equation, output_shape, bias_axes=bias_axes if self.use_bias else None, name=name,
                            dtype=self.dtype, **weight_arguments(self, "kernel", "bias"))
        layer.supports_masking = True  # this layer itself takes account of the masks: no warning is due
        return layer

    def build(self, query_shape: Shape, value_shape: Shape | None = None, key_shape: Shape | None = None) -> None:
        value_shape = query_shape if value_shape is None else value_shape
        key_shape = value_shape if key_shape is None else key_shape
        self._built_shapes = {"query_shape": query_shape, "value_shape": value_shape,
                              **({} if key_shape == value_shape else {"key_shape": key_shape})}
        heads = "abc,cde->abde"
        self.query_dense = self._projection(heads, (None, self.num_heads, self.key_dim), "de", "query")
        self.key_dense = self._projection(heads, (None, self.num_heads, self.key_dim), "de", "key")
        parts: list[tuple[EinsumDense, Shape]] = [(self.query_dense, query_shape), (self.key_dense, key_shape)]
        if self.use_gate:
            self._gate_dense = self._projection(heads, (None, self.num_heads, self.value_dim), "de", "gate")
            self._gate_dense.activation = ops.sigmoid
            parts.append((self._gate_dense, query_shape))
        self.value_dense = self._projection(heads, (None, self.num_heads, self.value_dim), "de", "value")
        self.output_dense = self._projection("abcd,cde->abe", (None, self._output_length(query_shape)), "e",
                                              "attention_output")
        parts += [(self.value_dense, value_shape),
                  (self.output_dense, (*query_shape[:2], self.num_heads, self.value_dim))]
        for layer, shape in parts:
            layer._build_with_shape(shape)

    def get_build_config(self) -> Config | None:
        """The three shapes, as Keras writes them; None if not built."""
        return {"shapes_dict": self._built_shapes} if self.built else None

    def build_from_config(self, config: Config) -> None:
        shapes = config.get("shapes_dict")
        if shapes and not self.built:
            self.build(**{name: tuple(shape) for name, shape in shapes.items()})
            self.built = True

    def _build_for(self, inputs: Any) -> None:
        """Built by the first call, which knows all three shapes."""

    def _build_symbolically(self, shapes: Any) -> None:
        """Built by the trial call, which knows all three shapes."""

    def _output_length(self, query_shape: Shape) -> int | None:
        if self._output_shape is None:
            return query_shape[-1]
        return self._output_shape if isinstance(self._output_shape, int) else self._output_shape[-1]

    def call(self, query: Tensor, value: Any, key: Any = None, query_mask: Any = None, value_mask: Any = None,
             key_mask: Any = None, attention_mask: Any = None, return_attention_scores: bool = False,
             training: bool | None = None, use_causal_mask: bool = False) -> Any:
        masks = [given if given is not None else get_mask(tensor) for given, tensor in
                 ((query_mask, query), (value_mask, value), (key_mask, key))]
        value, key = self._convert(value), self._convert(value if key is None else key)
        if not self.built:
            self._built_input_shape = (None, *query.shape[1:])
            self.build(*((None, *tensor.shape[1:]) for tensor in (query, value, key)))
            if self._initial_weights is not None:
                self.set_weights(self._initial_weights)
        q, k, v = self.query_dense(query), self.key_dense(key), self.value_dense(value)
        weights = None
        if return_attention_scores or training and self.dropout > 0:
            allowed = self._allowed(masks, attention_mask, causal_mask(query.shape[1], key.shape[1])
                                    if use_causal_mask else None)
            y, weights = self._with_weights(q, k, v, allowed, training)
        else:
            y = ops.dot_product_attention(q, k, v, mask=self._allowed(masks, attention_mask), is_causal=use_causal_mask)
        if self.use_gate:
            y = y * self._gate_dense(query)
        y = self.output_dense(y)
        return (y, weights) if return_attention_scores else y

    def _with_weights(self, q: Tensor, k: Tensor, v: Tensor, allowed: Any, training: bool | None) -> Any:
        """The heads' results, (batch, queries, heads, value_dim), and the weights before dropout."""
        q, k, v = (ops.transpose(part, (0, 2, 1, 3)) for part in (q * (1 / math.sqrt(self.key_dim)), k, v))
        scores = ops.matmul(q, ops.transpose(k, (0, 1, 3, 2)))
        if allowed is not None:
            scores = ops.where(np.broadcast_to(allowed, scores.shape), scores, MINUS_INFINITY)
        weights = kept = ops.softmax(scores)
        if training and self.dropout > 0:
            kept = dropout(weights, self.dropout, seed=self.seed_generator)
        return ops.transpose(ops.matmul(kept, v), (0, 2, 1, 3)), weights

    def _allowed(self, masks: list[Any], attention_mask: Any, causal: Array | None = None) -> Any:
        """Which keys each query uses, broadcasting to (batch, heads, queries, keys); None for all."""
        parts = []
        for mask, axis in zip(masks, (2, 1, 1), strict=True):
            if mask is not None:
                parts.append(np.expand_dims(np.asarray(mask).astype(bool), axis))
        if causal is not None:
            parts.append(causal)
        if attention_mask is not None:
            parts.append(np.asarray(attention_mask).astype(bool))
        if not parts:
            return None
        allowed = parts[0]
        for part in parts[1:]:
            allowed = allowed & part
        return allowed[:, None] if allowed.ndim == 3 else allowed

    def compute_output_shape(self, query_shape: Shape, value_shape: Shape | None = None,
                             key_shape: Shape | None = None) -> Shape:
        return (*query_shape[:-1], self._output_length(query_shape))

    def get_config(self) -> Config:
        return {
            **super().get_config(),
            "num_heads": self.num_heads,
            "key_dim": self.key_dim,
            "value_dim": self.value_dim,
            "dropout": self.dropout,
            "use_bias": self.use_bias,
            "use_gate": self.use_gate,
            "output_shape": self._output_shape,
            "attention_axes": self.attention_axes,
            "sliding_window": None,
            **weight_config(self, "kernel", "bias", "activity"),
            "seed": self.seed,
        }

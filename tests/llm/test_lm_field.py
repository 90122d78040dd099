"""The streaming field against one plain backward pass a prompt, for several architectures."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from architectures import CONFIGS, random_model, random_rows

from passk_lib.interference import agreement, conflict
from passk_lib.llm.field import LMField, Vector, scope_parameters
from passk_lib.llm.models import load
from passk_lib.llm.rows import Rows
from passk_lib.llm.scoring import KeepDouble, exact_rows, score, success_of
from passk_lib.llm.tasks import Subtraction

MASS = np.array([0.1, 0.3, 0.2, 0.25, 0.15])
SUCCESS = np.array([0.1, 0.9, 0.5, 0.3, 0.7])
TOLERANCE = {torch.float32: 1e-5, torch.float64: 1e-12}


def field_of(model, rows, **options):
    return LMField(model, rows, MASS, SUCCESS, **options)


def reference_gradients(model, rows, names=None):
    """(N, d): every row alone, without padding, through autograd and log_softmax."""
    named = {n: p for n, p in model.named_parameters() if names is None or n in names}
    result = []
    for i in range(len(rows.prompt_tokens)):
        total = torch.zeros((), dtype=model.dtype)
        for r in np.flatnonzero(rows.prompt == i):
            tokens = np.concatenate([rows.prompt_tokens[i], rows.completion_tokens[r]])
            tokens = torch.from_numpy(tokens)[None]
            start = len(rows.prompt_tokens[i])
            keep = KeepDouble() if model.dtype == torch.float64 else torch.enable_grad()
            with keep:
                logits = model(tokens).logits[0, start - 1 : -1]
                chosen = torch.log_softmax(logits, -1).gather(1, tokens[0, start:, None])
            total = total + rows.coefficient[r] * chosen.sum()
        if total.requires_grad:
            parts = torch.autograd.grad(total, list(named.values()), allow_unused=True)
            parts = [
                torch.zeros_like(p) if g is None else g
                for p, g in zip(named.values(), parts, strict=True)
            ]
        else:
            parts = [torch.zeros_like(p) for p in named.values()]
        result.append(np.concatenate([g.double().numpy().ravel() for g in parts]))
    return np.array(result)


def relative(a, b):
    return np.abs(a - b).max() / np.abs(b).max()


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("name", CONFIGS)
def test_streaming_field_equals_one_backward_per_prompt(name, dtype):
    model, rows = random_model(name, dtype), random_rows()
    field = field_of(model, rows, tokens_per_batch=40)
    g = reference_gradients(model, rows)
    tolerance = TOLERANCE[dtype]
    mean = field.mean()
    assert field.dim == g.shape[1]
    assert relative(mean.numpy(), MASS @ g) < tolerance
    scores = g @ (MASS @ g)
    assert relative(field.inner(mean), scores) < tolerance
    assert relative(field.norms(), np.linalg.norm(g, axis=1)) < tolerance
    assert relative(field.kernel_rows([0, 3]), g[[0, 3]] @ g.T) < 10 * tolerance
    assert relative(field.kernel_rows(np.arange(5)), g @ g.T) < 10 * tolerance
    # The wrong sign is far outside the tolerance.
    assert relative(-field.inner(mean), scores) > 1


@pytest.mark.parametrize("name", CONFIGS)
def test_padding_and_batch_size_change_nothing(name):
    model, rows = random_model(name, torch.float64), random_rows()
    alone, together = (field_of(model, rows, tokens_per_batch=t) for t in (1, 10**6))
    u = alone.mean()
    assert relative(together.mean().numpy(), u.numpy()) < 1e-12
    assert relative(together.inner(u), alone.inner(u)) < 1e-12


def test_inner_is_the_slope_of_the_success_probability(model_b):
    model, tokenizer = load("B", "float64")
    task, index = Subtraction(), np.array([100, 5000, 7000])
    rows = exact_rows(model, tokenizer, task, index)
    field = LMField(model, rows, np.full(3, 1 / 3), success_of(rows))
    u = field.mean()
    step, shifted = 1e-5, []
    for sign in (+1, -1):
        with torch.no_grad():
            for name, p in field.parameters.items():
                p.add_(u.tensors[name], alpha=sign * step)
            shifted.append(success_of(exact_rows(model, tokenizer, task, index)))
            for name, p in field.parameters.items():
                p.sub_(u.tensors[name], alpha=sign * step)
    slope = (shifted[0] - shifted[1]) / (2 * step)
    assert relative(field.inner(u), slope) < 1e-7
    assert relative(-field.inner(u), slope) > 1


def test_means_in_one_forward_pass_equal_separate_means(model_b):
    model, rows = random_model("llama", torch.float64), random_rows()
    field = field_of(model, rows, tokens_per_batch=40)
    weights = np.array([[1, 2, 3, 4, 5], [0, 0, 1, 0, 0], [0, 0, 0, 0, 0.0]])
    for v, mean in zip(weights, field.means(weights), strict=True):
        np.testing.assert_allclose(mean.numpy(), field.mean(v).numpy(), rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(
        field.gradient(2).numpy(), field.mean(weights[1]).numpy() / MASS[2], rtol=1e-11, atol=1e-13
    )


@pytest.mark.parametrize("batches", [0, 1, 2])
def test_an_interrupted_pass_goes_on_to_the_same_bits(batches):
    model, rows = random_model("llama", torch.float32), random_rows()
    field = field_of(model, rows, tokens_per_batch=40)
    whole = field.mean()
    done, totals = next(step for step in field.accumulate([np.ones(5)]) if step[0] == batches)
    kept = [{n: t.clone() for n, t in totals[0].items()}]
    *_, (_, totals) = field.accumulate([np.ones(5)], done, kept)
    assert all(torch.equal(totals[0][n], whole.tensors[n]) for n in whole.tensors)
    scores = field.inner(whole)
    done, inner = next(step for step in field.differentiate(whole) if step[0] == batches)
    *_, (_, inner) = field.differentiate(whole, done, inner)
    np.testing.assert_array_equal(inner, scores)


def test_proposition_4_1_holds_for_a_language_model(model_b):
    """Both sides by different routes: gradients of J_k, and weights times agreement scores."""
    model, tokenizer = load("B", "float64")
    task = Subtraction(0.15)
    index = task.draw(60, seed=4)
    rows = exact_rows(model, tokenizer, task, index)
    report = conflict(LMField(model, rows, np.full(60, 1 / 60), success_of(rows)), [2, 8, 32])
    np.testing.assert_allclose(report.inner, report.weighted_agreement, rtol=1e-10)
    np.testing.assert_allclose(report.inner, report.decomposition, rtol=1e-9)


def test_model_b_conflicts_on_the_mix_and_not_on_equal_halves(model_b):
    model, tokenizer = model_b
    cosines = {}
    for q in (0.15, 0.5):
        task = Subtraction(q)
        index = task.draw(150, seed=0)
        rows = exact_rows(model, tokenizer, task, index)
        field = LMField(model, rows, np.full(150, 1 / 150), success_of(rows))
        cosines[q] = conflict(field, 8).cosine
        if q == 0.15:
            a = agreement(field)
            assert (a[task.hard[index]] < 0).mean() > 0.9 > 0.1 > (a[~task.hard[index]] < 0).mean()
    assert cosines[0.15] < -0.3 and cosines[0.5] > 0.5


# --- scopes ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CONFIGS)
def test_every_scope_is_the_matching_slice_of_the_whole_gradient(name):
    model, rows = random_model(name, torch.float64), random_rows()
    tied = model.config.tie_word_embeddings
    for scope in ("all", "final_norm", "last_block", "1.*mlp", *([] if tied else ["lm_head"])):
        field = field_of(model, rows, scope=scope)
        g = reference_gradients(model, rows, set(field.parameters))
        assert field.dim == g.shape[1]
        assert relative(field.inner(field.mean()), g @ (MASS @ g)) < 1e-12


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("name", ["llama", "qwen3", "bias", "softcap"])
def test_the_output_matrix_in_closed_form_equals_autograd(name, dtype):
    """Also with a bias, and where the model bends its logits afterwards."""
    model = random_model({"bias": "llama", "softcap": "gemma2"}.get(name, name), dtype)
    rows = random_rows()
    if name == "bias":
        model.lm_head.bias = torch.nn.Parameter(torch.linspace(-1, 1, 23, dtype=dtype))
    field = field_of(model, rows, scope="lm_head", tokens_per_batch=40)
    assert field._head is not None
    g = reference_gradients(model, rows, set(field.parameters))
    weights = np.array([[1, 2, 3, 4, 5], [0, 0, 0, 0, 0], [1, -1, 0, 0, 2.0]])
    for v, mean in zip(weights, field.means(weights), strict=True):
        np.testing.assert_allclose(
            mean.numpy(), (v * MASS) @ g, atol=TOLERANCE[dtype] * np.abs(g).max()
        )
    u = field.mean()
    assert relative(field.inner(u), g @ (MASS @ g)) < TOLERANCE[dtype]
    assert relative(field.kernel_rows([0, 3]), g[[0, 3]] @ g.T) < 10 * TOLERANCE[dtype]
    # By autograd through the same field, and with the wrong sign far outside.
    field._head = None
    assert relative(field.inner(u), g @ (MASS @ g)) < TOLERANCE[dtype]
    assert relative(field.inner(-u), g @ (MASS @ g)) > 1


def test_the_closed_form_differentiates_nothing_below_the_output_matrix(monkeypatch):
    model, rows = random_model("llama", torch.float32), random_rows()
    field = field_of(model, rows, scope="lm_head")
    seen = []
    model.model.register_forward_hook(lambda m, i, out: seen.append(out[0].requires_grad))
    field.inner(field.mean())
    assert seen and not any(seen)
    assert all(p.requires_grad for p in model.parameters())  # as it was
    assert field_of(model, rows, scope="lm_head|norm")._head is None


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_keeps_small_gradients(dtype):
    """Sums in float32, and directions far below the smallest float16 number."""
    model = random_model("llama", torch.float32)
    rows = random_rows()
    exact = field_of(model, rows)
    model = random_model("llama", dtype)
    small = replace(rows, coefficient=rows.coefficient * 1e-9)
    for scope in ("all", "lm_head", "final_norm"):
        part = exact.with_scope(scope)
        wanted, scale = part.inner(part.mean()), 1e-18
        field = field_of(model, small, scope=scope, tokens_per_batch=40)
        mean = field.mean()
        assert all(t.dtype == torch.float32 for t in mean.tensors.values())
        assert relative(field.inner(mean) / scale, wanted) < 0.1, scope


def test_scopes_name_the_parameters_they_say():
    model = random_model("llama", torch.float32)
    assert list(scope_parameters(model, "final_norm")) == ["model.norm.weight"]
    assert list(scope_parameters(model, "lm_head")) == ["lm_head.weight"]
    assert all("layers.1." in name for name in scope_parameters(model, "last_block"))
    gpt2 = random_model("gpt2", torch.float32)
    assert list(scope_parameters(gpt2, "final_norm")) == [
        "transformer.ln_f.weight",
        "transformer.ln_f.bias",
    ]


def test_the_last_block_is_the_highest_number_not_the_last_name():
    config = CONFIGS["llama"].__class__(**{**CONFIGS["llama"].to_dict(), "num_hidden_layers": 11})
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_config(config)
    assert all("layers.10." in name for name in scope_parameters(model, "last_block"))


@pytest.mark.parametrize(
    ("name", "scope", "message"),
    [
        ("llama", "no such thing", "names no parameter"),
        ("llama", "(", "nor a regular expression"),
        ("gemma", "lm_head", "ties its output matrix"),
        ("gpt2", "lm_head", "ties its output matrix"),
    ],
)
def test_unknown_scopes_are_named(name, scope, message):
    with pytest.raises(ValueError, match=message):
        scope_parameters(random_model(name, torch.float32), scope)


# --- rows -----------------------------------------------------------------------------------


def test_merging_identical_completions_changes_no_gradient():
    model, rows = random_model("llama", torch.float64), random_rows()
    twice = Rows(
        rows.prompt_tokens,
        np.concatenate([rows.prompt, rows.prompt, [0]]),
        [*rows.completion_tokens, *rows.completion_tokens, np.array([1])],
        np.concatenate([rows.coefficient / 3, rows.coefficient * 2 / 3, [0.0]]),
    )
    assert len(twice.merged()) == len(rows.merged()) <= len(rows)
    np.testing.assert_allclose(
        field_of(model, twice).mean().numpy(), field_of(model, rows).mean().numpy(), atol=1e-13
    )


def test_a_prompt_without_rows_has_gradient_zero():
    model, rows = random_model("llama", torch.float64), random_rows()
    field = field_of(model, rows.select(rows.prompt != 2))
    assert field.inner(field.mean())[2] == 0 == field.norms()[2]


def test_coefficients_that_cancel_leave_no_row():
    rows = Rows([np.array([1])], np.array([0, 0]), [np.array([2])] * 2, np.array([0.5, -0.5]))
    assert len(rows.merged()) == 0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"coefficient": np.array([np.nan] * 12)}, "finite"),
        ({"prompt": np.zeros(3, int)}, "lengths"),
        ({"completion_tokens": [np.array([], int)] * 12}, "end token"),
        ({"prompt_tokens": []}, "empty"),
    ],
)
def test_bad_rows_are_named(change, message):
    rows = random_rows()
    arguments = {
        name: getattr(rows, name)
        for name in ("prompt_tokens", "prompt", "completion_tokens", "coefficient")
    }
    with pytest.raises(ValueError, match=message):
        Rows(**{**arguments, **change})


def test_a_model_that_returns_nan_is_an_error():
    model, rows = random_model("llama", torch.float32), random_rows()
    with torch.no_grad():
        model.lm_head.weight.fill_(torch.nan)
    with pytest.raises(ValueError, match="weights are broken"):
        score(model, rows)


# --- vectors --------------------------------------------------------------------------------


def test_vectors_have_the_algebra_of_their_arrays():
    rng = np.random.default_rng(0)
    u, v = (
        Vector({"a": torch.from_numpy(rng.normal(size=(3, 2))), "b": torch.from_numpy(x)})
        for x in rng.normal(size=(2, 4))
    )
    assert u @ v == pytest.approx(u.numpy() @ v.numpy(), rel=1e-14)
    np.testing.assert_allclose((2 * u - v * 3 + (-u)).numpy(), u.numpy() - 3 * v.numpy())
    np.testing.assert_allclose((np.float64(2) * u).numpy(), 2 * u.numpy())
    assert u.dim == 10


def test_dot_products_do_not_lose_what_float32_loses():
    ones = Vector({"a": torch.ones(2**20 + 1)})
    small = Vector({"a": torch.full((2**20 + 1,), 1e-8)})
    big = Vector({"a": torch.cat([torch.tensor([1e8]), torch.full((2**20,), 1e-3)])})
    # The order of a float64 sum differs from processor to processor: n eps bounds what it may lose.
    lost = 2**20 * np.finfo(float).eps
    assert ones @ big == pytest.approx(1e8 + 2**20 * np.float32(1e-3).astype(float), rel=lost)
    assert ones @ small == pytest.approx((2**20 + 1) * float(np.float32(1e-8)), rel=lost)


def test_vectors_of_different_scopes_do_not_mix():
    u, v = Vector({"a": torch.ones(2)}), Vector({"b": torch.ones(2)})
    with pytest.raises(ValueError, match="different scopes"):
        u @ v
    model, rows = random_model("llama", torch.float32), random_rows()
    with pytest.raises(ValueError, match="its scope is not"):
        field_of(model, rows, scope="lm_head").inner(field_of(model, rows).mean())
    with pytest.raises(TypeError, match="Vector"):
        field_of(model, rows).inner(np.ones(3))

import pytest
import torch

from selfsame.errors import InputError, SettingError
from selfsame.priors.diffusion.backbone import Condition
from selfsame.priors.diffusion.classifier import NoisyClassifier
from selfsame.priors.diffusion.config import ClassifierConfig, SamplerSettings
from selfsame.priors.diffusion.generation import Like, sample_latents, sample_masks
from selfsame.priors.diffusion.model import DiffusionModel
from selfsame.run.progress import Progress
from support.gaussian_data import normal
from support.small_diffusion import SMALL, awake, small_diffusion

F32 = torch.float32
QUICK = SamplerSettings(steps=3)
ALL = [
    SamplerSettings(sampler="ddpm", steps=3),
    SamplerSettings(sampler="ddim", steps=3, eta=0.7),
    SamplerSettings(sampler="heun", steps=3),
    SamplerSettings(sampler="dpm-solver", steps=3),
    SamplerSettings(sampler="langevin", steps=3, repeats=2, step_size=0.1),
]


def classifier(**options) -> NoisyClassifier:
    model = NoisyClassifier(ClassifierConfig(**SMALL | {"classes": 3} | options))
    awake(model)
    model.mean.copy_(torch.tensor([1.0, -2.0, 0.5]))
    model.std.copy_(torch.tensor([0.5, 2.0, 1.0]))
    return model.eval()


@pytest.mark.parametrize("settings", ALL, ids=lambda each: each.sampler)
def test_sample_k_of_a_seed_is_always_the_same(settings) -> None:
    model = small_diffusion(classes=3, schedule="cosine", prediction="v")
    labels = torch.arange(36) % 3
    whole = sample_latents(model, 36, settings, condition=Condition(labels), seed=5)
    assert whole.shape == (36, 4, 3)
    assert len(whole.flatten(1).unique(dim=0)) == 36
    for first, count in ((0, 1), (3, 20), (15, 2), (35, 1)):
        rows = slice(first, first + count)
        found = sample_latents(
            model, count, settings, condition=Condition(labels[rows]), seed=5, first=first
        )
        assert torch.equal(found, whole[rows])
    assert not torch.equal(sample_latents(model, 1, settings), whole[:1])


@pytest.mark.parametrize("schedule", ["linear", "cosine", "flow", "karras", "geometric"])
@pytest.mark.parametrize("settings", ALL, ids=lambda each: each.sampler)
def test_every_sampler_goes_with_every_schedule(settings, schedule) -> None:
    model = small_diffusion(schedule=schedule, prediction="x0")
    found = sample_latents(model, 2, settings)
    assert bool(found.isfinite().all())
    assert float(found.abs().max()) < 1e3


def test_latents_are_in_units_of_their_own() -> None:
    model = small_diffusion()
    plain = sample_latents(model, 5, QUICK)
    model.mean += 10
    assert torch.allclose(sample_latents(model, 5, QUICK), plain + 10, atol=1e-4)


def test_context_and_mask_are_those_of_the_sample() -> None:
    model = small_diffusion(context=5)
    context, mask = normal(20, 2, 5, dtype=F32), torch.arange(4) < torch.arange(20)[:, None] % 5
    condition = Condition(context=context, context_mask=torch.arange(40).reshape(20, 2) % 3 > 0)
    whole = sample_latents(model, 20, QUICK, condition=condition, mask=mask)
    assert (whole[~mask] == 0).all()
    assert (whole[mask] != 0).all()
    rows = slice(17, 19)
    found = sample_latents(
        model, 2, QUICK, condition=condition.map(lambda x: x[rows]), mask=mask[rows], first=17
    )
    assert torch.equal(found, whole[rows])


def test_guidance_of_0_does_not_know_the_label_and_of_1_is_none() -> None:
    model, labels = small_diffusion(classes=3), Condition(torch.tensor([0, 1, 2]))
    found = {
        weight: sample_latents(
            model, 3, SamplerSettings(steps=3, guidance=weight), condition=labels
        )
        for weight in (0.0, 1.0, 3.0)
    }
    assert torch.allclose(found[0.0], sample_latents(model, 3, QUICK), atol=1e-5)
    assert torch.equal(found[1.0], sample_latents(model, 3, QUICK, condition=labels))
    assert not torch.allclose(found[3.0], found[1.0], atol=1e-2)
    nowhere = SamplerSettings(steps=3, guidance=3.0, interval=(1e5, 1e6))
    assert torch.equal(sample_latents(model, 3, nowhere, condition=labels), found[1.0])


def test_a_weaker_model_guides_without_a_label() -> None:
    model, weak = small_diffusion(), small_diffusion(seed=4, depth=1)
    plain = sample_latents(model, 3, QUICK)
    settings = SamplerSettings(steps=3, guidance=2.0)
    guided = sample_latents(model, 3, settings, guide=weak)
    assert not torch.allclose(guided, plain, atol=1e-2)
    assert torch.allclose(sample_latents(model, 3, settings, guide=model), plain, atol=1e-4)


def test_a_classifier_guides_a_model_without_classes() -> None:
    model, judge = small_diffusion(), classifier()
    labels = Condition(torch.tensor([0, 1, 2, -1]))
    settings = SamplerSettings(steps=40, guidance=3.0)
    plain = sample_latents(model, 4, SamplerSettings(steps=40))
    found = sample_latents(model, 4, settings, condition=labels, classifier=judge)
    clean = model.schedule.level(torch.tensor(0.01))

    def share(latents):
        logs = judge(model.standardised(latents), clean).log_softmax(1)
        return logs[:3].gather(1, labels.labels[:3, None])[:, 0]

    assert (share(found) > share(plain)).all()
    assert torch.allclose(found[3], plain[3], atol=1e-5)
    assert not found.requires_grad


def test_progress_is_of_samples_and_may_cancel() -> None:
    seen = []
    sample_latents(
        small_diffusion(), 20, QUICK, first=26, progress=Progress(lambda *now: seen.append(now[:2]))
    )
    done = [now for now, total in seen if total == 20]
    assert len(done) == len(seen)
    assert done == sorted(done)
    assert {6, 20} <= set(done)
    assert sum(now < 6 for now in done) == sum(6 < now < 20 for now in done) + 1 > 2


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"count": 0}, "count must be at least 1"),
        ({"seed": -1}, "got 2, 0 and -1"),
        ({"condition": Condition(torch.tensor([0]))}, "must be of 2 samples"),
        ({"mask": torch.ones(3, 4).bool()}, "must be of 2 samples"),
        ({"condition": Condition(torch.tensor([0, 3]))}, "one of 3 classes, from 0: got 0 to 3"),
        ({"condition": Condition(torch.tensor([0, -2]))}, "got -2 to 0"),
        ({"settings": SamplerSettings(guidance=2.0)}, "guidance 2 needs a condition"),
        ({"classifier": classifier()}, "a classifier guides towards labels"),
        ({"settings": SamplerSettings(spacing="log-snr")}, "needs some signal"),
        ({"settings": SamplerSettings(sampler="ddpm", variance="learned")}, "learned no variances"),
    ],
)
def test_what_cannot_be_made_is_refused(options, text) -> None:
    arguments = {"model": small_diffusion(classes=3), "count": 2, "settings": QUICK} | options
    with pytest.raises(InputError, match=text):
        sample_latents(**arguments)


def test_guides_must_be_of_the_same_latents() -> None:
    model, other = small_diffusion(), small_diffusion()
    other.mean += 1
    judge = classifier()
    judge.std *= 2
    with pytest.raises(InputError, match="untitled standardises others"):
        sample_latents(model, 1, QUICK, guide=other)
    labels = Condition(torch.zeros(1).long())
    with pytest.raises(InputError, match="untitled standardises others"):
        sample_latents(model, 1, QUICK, condition=labels, classifier=judge)
    with pytest.raises(SettingError, match="without another guide"):
        sample_latents(
            model, 1, QUICK, condition=labels, classifier=classifier(), guide=small_diffusion()
        )


def counted() -> DiffusionModel:
    """Samples of class 0 have 1 token or 3, those of class 1 always 2; class 2 never came."""
    model = small_diffusion(classes=3, counted=True)
    numbers = torch.tensor([1, 3, 3, 3, 2, 2])
    model.learn_counts(torch.arange(4) < numbers[:, None], torch.tensor([0, 0, 0, 0, 1, 1]))
    return model


def test_samples_have_as_many_tokens_as_those_of_their_class() -> None:
    model, count = counted(), 600
    for label, shares in ((0, [1 / 4, 0, 3 / 4, 0]), (1, [0, 1, 0, 0])):
        mask = sample_masks(model, count, labels=torch.full((count,), label), seed=3)
        found = torch.bincount(mask.sum(1) - 1, minlength=4) / count
        torch.testing.assert_close(found, torch.tensor(shares, dtype=F32), atol=0.05, rtol=0)
        assert torch.equal(mask, torch.arange(4) < mask.sum(1, keepdim=True))
    of_all = [1 / 6, 2 / 6, 3 / 6, 0]
    for labels in (None, torch.full((count,), -1), torch.full((count,), 2)):
        mask = sample_masks(model, count, labels=labels, seed=3)
        found = torch.bincount(mask.sum(1) - 1, minlength=4) / count
        torch.testing.assert_close(found, torch.tensor(of_all), atol=0.06, rtol=0)


def test_the_tokens_of_sample_k_are_always_the_same() -> None:
    model, labels = counted(), torch.arange(30) % 3
    whole = sample_masks(model, 30, labels=labels, seed=5)
    part = sample_masks(model, 7, labels=labels[11:18], seed=5, first=11)
    assert torch.equal(part, whole[11:18])
    assert not torch.equal(sample_masks(model, 30, labels=labels, seed=6), whole)
    assert sample_masks(small_diffusion(), 3) is None
    with pytest.raises(InputError, match="as many as are made"):
        sample_masks(model, 3, labels=labels)


def test_counts_are_kept_with_the_model(tmp_path) -> None:
    model = counted()
    model.save_pretrained(tmp_path / "own")
    again = DiffusionModel.from_pretrained(tmp_path / "own")
    torch.testing.assert_close(again.counts, model.counts, atol=1e-3, rtol=0)


@pytest.mark.parametrize("schedule", ["cosine", "flow", "karras"])
@pytest.mark.parametrize("settings", ALL, ids=lambda each: each.sampler)
def test_tokens_that_are_kept_stay_as_they_are(settings, schedule) -> None:
    model = small_diffusion(schedule=schedule, prediction="x0" if schedule == "karras" else "v")
    known = model.restored(normal(5, 4, 3, dtype=F32))
    kept = torch.arange(4) < torch.arange(5)[:, None]
    found = sample_latents(model, 5, settings, like=Like(known, 1.0, kept), seed=2)
    assert torch.allclose(found[kept], known[kept], rtol=1e-3, atol=2e-3)
    if schedule == "flow":  # it begins with nothing but noise
        assert torch.equal(found[0], sample_latents(model, 5, settings, seed=2)[0])
    assert not torch.allclose(found[3, 3], known[3, 3], atol=0.1)
    some = sample_latents(
        model, 2, settings, like=Like(known[2:4], 1.0, kept[2:4]), seed=2, first=2
    )
    assert torch.equal(some, found[2:4])


def test_samples_are_the_more_like_the_weaker_the_change() -> None:
    model = small_diffusion()
    known = model.restored(normal(3, 4, 3, dtype=F32))
    settings = SamplerSettings(steps=20)
    free = sample_latents(model, 3, settings, seed=1)

    def found(strength: float) -> torch.Tensor:
        return sample_latents(model, 3, settings, like=Like(known, strength), seed=1)

    off = [float((found(strength) - known).norm()) for strength in (0.01, 0.05, 0.3, 0.6)]
    assert off[0] == off[1]  # a step at least
    assert off[1] < off[2] < off[3]
    assert off[0] < 0.3 * float((free - known).norm())
    assert torch.equal(found(1.0), free)
    for strength in (0.0, 1.5):
        with pytest.raises(SettingError, match="strength must be a number above 0 and at most 1"):
            found(strength)
    with pytest.raises(InputError, match="must be of 3 samples"):
        sample_latents(model, 3, settings, like=Like(known[:2]))

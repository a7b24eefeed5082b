from dataclasses import replace

import pytest
import torch

from selfsame.lab.networks.architectures import make_network
from selfsame.lab.probe.finetune import LabelledBatches, finetune
from selfsame.lab.probe.probes import picture_tensor
from selfsame.lab.probe.settings import FINETUNING
from selfsame.training.logs import read_log
from support.toy_pictures import SIDE, toy_pictures

SETTINGS = replace(
    FINETUNING, steps=30, batch=8, warmup_steps=2, device="cpu", validate_every=15, seed=4
)


def network_of(seed: int = 0):
    torch.manual_seed(seed)
    return make_network("lenet", classes=9, side=SIDE)


def test_batches_have_every_picture_once_an_epoch() -> None:
    pictures = toy_pictures(10)
    batches = LabelledBatches(pictures, 4)
    parts = [batches.batch(1, step, range(4)) for step in range(5)]
    images, labels = (torch.cat([part[i] for part in parts]) for i in (0, 1))
    known = [image.numpy().tobytes() for image in picture_tensor(pictures.images)]
    numbers = [known.index(image.numpy().tobytes()) for image in images]
    assert sorted(numbers[:10]) == sorted(numbers[10:]) == list(range(10))
    assert numbers[:10] != numbers[10:]
    assert labels.tolist() == pictures.labels[numbers].tolist()
    again = torch.cat([batches.batch(1, 3, places)[1] for places in (range(1), range(1, 4))])
    assert torch.equal(again, parts[3][1])
    assert not torch.equal(batches.batch(2, 3, range(4))[0], parts[3][0])


def test_all_weights_learn_on_from_a_new_head(tmp_path) -> None:
    network = network_of()
    before = {name: weight.clone() for name, weight in network.body.state_dict().items()}
    learned, tested = toy_pictures(60), toy_pictures(30, seed=1)
    found, result = finetune(network, learned, tested, SETTINGS, tmp_path / "out", classes=3)
    assert result.finished
    assert found.accuracy == 1
    assert (found.learned, found.tested, found.l2) == (54, 30, None)
    assert found.validation_accuracy == 1
    assert network.head.out_features == 3
    for name, weight in network.body.state_dict().items():
        assert not torch.equal(weight, before[name]), name
    lines = [line for line in read_log(tmp_path / "out") if line["kind"] == "validation"]
    assert [line["step"] for line in lines] == [15, 30]


def test_few_pictures_are_all_learned(tmp_path) -> None:
    found, _ = finetune(
        network_of(), toy_pictures(27), toy_pictures(9, seed=1), SETTINGS, tmp_path, classes=3
    )
    assert found.learned == 27
    assert found.validation_accuracy is None


def test_a_stopped_fine_tuning_has_no_accuracy(tmp_path, monkeypatch) -> None:
    import selfsame.lab.probe.finetune as module

    def stopped(*arguments, **options):
        return train(*arguments, **options, stop_after=3)

    train = module.train
    arguments = (toy_pictures(30), toy_pictures(9, seed=1), SETTINGS, tmp_path)
    monkeypatch.setattr(module, "train", stopped)
    assert finetune(network_of(), *arguments, classes=3)[0] is None
    monkeypatch.setattr(module, "train", train)
    whole = replace(SETTINGS, seed=SETTINGS.seed)
    resumed, _ = finetune(network_of(5), *arguments, classes=3)
    assert (
        resumed == finetune(network_of(), *arguments[:2], whole, tmp_path / "other", classes=3)[0]
    )


@pytest.mark.parametrize("seed", [1, 2])
def test_the_head_is_drawn_from_the_seed(tmp_path, seed) -> None:
    heads = []
    for place in "ab":
        network, settings = network_of(), replace(SETTINGS, seed=seed, steps=1, lr=1e-12)
        finetune(network, toy_pictures(9), toy_pictures(9), settings, tmp_path / place, classes=3)
        heads.append(network.head.weight)
    assert torch.equal(*heads)
    assert not torch.allclose(heads[0], network_of().head.weight[:3])

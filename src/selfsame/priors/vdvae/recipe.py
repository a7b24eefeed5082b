"""How a very deep VAE is trained unless told otherwise: for binarised MNIST, on a CPU."""

from selfsame.training.settings import TrainSettings

TRAINING = TrainSettings(
    steps=18_000,
    batch=64,
    lr=4e-3,
    warmup_steps=200,
    final_fraction=0.02,
    gradient_clip=200.0,
    log_every=100,
    checkpoint_every=500,
)

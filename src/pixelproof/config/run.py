"""Everything that decides how a run comes out, grouped by the part of the code that reads it."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, field_validator, model_validator

from pixelproof.config.bands import listed
from pixelproof.config.class_weights import ClassWeights
from pixelproof.config.model import LOOKS, OWN_SIZE, ModelConfig
from pixelproof.config.names import OF_OVERLAP, Augmentation, Losses
from pixelproof.errors import UserError
from pixelproof.numbers import numbered
from pixelproof.runs.scenes import ALONE, TABLE, expression
from pixelproof.schema import Strict

Task = Literal["classification", "segmentation"]
Fraction = Annotated[float, Field(ge=0.0, lt=1.0)]


def _word(value: object) -> object:
    """Return yes and no, which YAML reads as truth values, as the words they were."""
    return ("yes" if value else "no") if isinstance(value, bool) else value


def _size(value: int | float) -> int | float:
    """Refuse what is neither a number of images nor a part of them."""
    if 0 < value < 1:
        return value
    if value < 2 or value != int(value):
        raise ValueError(_SIZES)
    return int(value)


def _number(value: object) -> object:
    """Refuse a text, even one that reads as a number: a size names the folder of its run."""
    if isinstance(value, str):
        raise ValueError(f"{json.dumps(value, ensure_ascii=False)} is a text; {_SIZES}, without quotes")
    return value


_SIZES = "give a number of images from 2 on, or a part of them between 0 and 1"
Size = Annotated[int | float, AfterValidator(_size), BeforeValidator(_number)]
"""A number of images, or a part of all that there are."""
Switch = Annotated[Literal["auto", "yes", "no"], BeforeValidator(_word)]

HANDLING = {"data": {"cache"}, "training": {"workers", "resident"}}
"""Settings by section that say how images are handled, and change no result."""


class DataConfig(Strict):
    """Which images are used for what."""

    selection: Fraction = 0.1
    """Part of train on which the best checkpoint is chosen; 0 keeps the last one."""
    validation: Fraction = 0.2
    """Part of train set aside for the final score, where the data set brings no validation split."""
    cv_fold: str | None = None
    """Instead of ``validation``, for cross-validation: of the parts into which train is divided, ``2/5`` is the second
    of five. They are as large as each other, a classifier's in every class, and hold whole scenes of ``groups``; all
    together hold every image once. ``folds`` of a study sets it for each run."""
    limit: int | None = Field(default=None, ge=2)
    """Use at most this many images of each split, and a quarter as many for selection; for rehearsals."""
    train_limit: Size | None = None
    """Learn from at most this many images, or from this part of them; selection and validation stay, so that scores
    tell what images are worth. Classes keep their shares, groups stay whole, and fewer images are some of the more.
    ``train_sizes`` of a study sets it for some of the runs."""
    train_draw: int = 0
    """Seed of which images those are."""
    split_seed: int = 0
    """Seed of the parts carved out of train; runs that are compared share it."""
    groups: str | None = TABLE
    """A regular expression that finds in an image's id its scene, patient or tile: parts carved out of train hold whole
    ones, so that no image is scored that looks like one learned from, and comparisons resample whole ones. ``table``
    takes the groups that tables of the data name; None lets each image stand for itself."""
    leave_out: Literal["list", "none"] = "list"
    """``list`` leaves out the images that ``leave_out.csv`` of the data names; ``none`` leaves out none, to see what
    that is worth."""
    corrections: Literal["list", "scored", "none"] = "list"
    """Whose labels count: with ``list`` those that ``corrections.csv`` of the data has, everywhere; with ``none`` those
    that the data give, everywhere; with ``scored`` a model learns from those that the data give, and is scored in
    validation and test by those of the file, to see what correcting is worth."""
    cache: str = "auto"
    """Where decoded images are kept: ``auto`` is the user's cache folder, ``none`` nowhere, else a folder's path."""

    @property
    def place(self) -> tuple[int, int] | None:
        """Which fold is validation, counted from 1, and how many there are."""
        return None if self.cv_fold is None else numbered(self.cv_fold)

    @field_validator("cv_fold")
    @classmethod
    def _part(cls, value: str | None) -> str | None:
        place = (1, 2) if value is None else numbered(value)
        if place is None or place[1] < 2:
            raise ValueError(f"'{value}' is no fold; write K/N with K from 1 to N and N from 2 on, such as 2/5")
        return value

    @field_validator("groups")
    @classmethod
    def _expression(cls, value: str | None) -> str | None:
        try:
            expression(value or "")
        except UserError as error:
            raise ValueError(error.problem) from None
        return None if value == ALONE else value


class AugmentConfig(Strict):
    """Random changes to training images. Segmentation masks follow along, with nearest-neighbour sampling."""

    crop: int | None = Field(default=None, ge=8)
    """Segmentation: side of the square cut out of each image, in pixels; smaller images are padded with void."""
    scale: Annotated[tuple[float, float], BeforeValidator(listed)] = (1.0, 1.0)
    """Range of the zoom factor. Segmentation: applied before the crop. Classification: a window of 1/zoom of each side
    is brought to the input size, such as ``[1, 2]`` for photographs."""
    shift: int = Field(default=0, ge=0)
    """Classification, without ``scale``: the image is moved by up to this many pixels, edges reflected."""
    flip: bool = True
    """Mirror left to right with probability 1/2."""
    turn: bool = False
    """Turn by 0, 90, 180 or 270 degrees; for images that have no up. Whole images that are not square by 0 or 180."""
    color: float = Field(default=0.0, ge=0.0, le=1.0)
    """Strength of random brightness, contrast and saturation."""
    augmentation: Augmentation | None = None
    """``plugin:NAME`` of an installed package, applied to each batch after all others."""

    @model_validator(mode="after")
    def _check(self) -> AugmentConfig:
        low, high = self.scale
        if not 0.1 <= low <= high <= 10:
            raise ValueError("scale is a range LOW HIGH with 0.1 <= LOW <= HIGH <= 10")
        return self


class TrainingConfig(Strict):
    """How the weights are found."""

    epochs: int = Field(default=30, ge=1)
    """How often training goes through the images; those that fill no batch are left out, other ones each time."""
    patience: int | None = Field(default=None, ge=1)
    """Epochs without a better score on the selection part after which training ends, those of ``freeze`` not counted;
    None goes through all. The schedule of the rate spans all ``epochs`` nevertheless."""
    batch_size: int = Field(default=8, ge=1)
    """Images that go through the network at once."""
    accumulate: int = Field(default=1, ge=1)
    """Batches whose gradients are averaged before one optimiser step."""
    loss: Losses = "cross-entropy"
    """One or more of cross-entropy, focal, dice, lovasz, ``plugin:NAME`` of an installed package, joined by ``+``."""
    finish: Losses | None = None
    """Loss of the last epochs, written like ``loss``; lovasz there raises IoU."""
    finish_from: float = Field(default=0.8, ge=0.0, le=1.0)
    """Part of the epochs after which ``finish`` takes over."""
    class_weights: ClassWeights = "none"
    """``auto`` weights classes by the inverse square root of their frequency in train, and answers lean to rare ones;
    ``corrected`` learns with these weights, but answers by the frequencies that are there. Or weights by name, such as
    ``{rangeland: 5, barren: 2}``, all others 1: answers lean to classes that weigh more."""
    sampling: Literal["natural", "balanced"] = "natural"
    """Classification: ``balanced`` lets all classes come equally often in an epoch, which has as many images as ever.
    Those of rare ones are repeated, changed anew each time; answers lean to rare classes, more than with ``auto``,
    and so do probabilities: thresholds are to be found anew."""
    label_smoothing: Fraction = 0.0
    """Share of each target spread evenly over all classes; for cross-entropy."""
    mixup: float = Field(default=0.0, ge=0.0)
    """Alpha of mixup's Beta distribution; classification only, 0 is off."""
    cutmix: float = Field(default=0.0, ge=0.0)
    """Alpha of CutMix's Beta distribution; with both given, one of them is drawn for each batch."""
    optimizer: Literal["adamw", "sgd", "muon"] = "adamw"
    """AdamW, SGD with Nesterov momentum, or Muon for the kernels of convolutions beside AdamW for all other weights."""
    lr: float = Field(default=3e-4, gt=0.0)
    """The highest learning rate."""
    backbone_lr: float = Field(default=1.0, gt=0.0, le=1.0)
    """Factor on the learning rate of the backbone's weights: all that ImageNet's weights fill; the rest is the head."""
    freeze: int = Field(default=0, ge=0, strict=True)  # strict: true is not one epoch
    """Epochs at the start in which the backbone stays as it is and only the head learns; its own warm-up follows."""
    weight_decay: float = Field(default=1e-2, ge=0.0)
    """Acts on weights with two or more dimensions, not on biases and norms."""
    momentum: float = Field(default=0.9, ge=0.0, lt=1.0)
    """For sgd; muon has 0.95."""
    schedule: Literal["cosine", "poly", "constant"] = "cosine"
    """How the rate falls after the warm-up."""
    warmup: float = Field(default=1.0, ge=0.0)
    """Epochs over which the learning rate rises linearly from 0."""
    clip: float | None = Field(default=None, gt=0.0)
    """Largest norm of the gradient."""
    ema: Fraction = 0.0
    """Decay of the exponential moving average of the weights, which is then what is scored; 0 is off."""
    fold: bool = True
    """Compute layers that follow each other as one where that is the same function; ``--no-fold`` is ``fold=false``."""
    precision: Literal["auto", "float32", "bf16"] = "auto"
    """``auto`` is bf16 on a GPU that has it, float32 elsewhere."""
    device: str = "auto"
    """``cpu``, ``cuda``, ``cuda:1``; ``auto`` is a GPU where there is one."""
    workers: int = Field(default=0, ge=0)
    """Processes that load images; results do not depend on it."""
    resident: Switch = "auto"
    """Keep all training images in the device's memory and augment them there; ``auto`` does so on a GPU."""
    channels_last: Switch = "auto"
    """Lay images out in memory pixel by pixel, as a GPU's convolutions like it; ``auto`` does so on a GPU."""
    compile: Switch = "no"
    """Compile the network with ``torch.compile``, on a GPU alone: ``auto`` and ``yes`` are the same. Needs Triton."""
    choose_by: Literal["score", "balanced", "loss"] = "score"
    """What the kept epoch is best in on the selection part: ``score`` is accuracy or mIoU; ``balanced``, for
    classification, the mean of the classes' recalls, in which rare ones count as much; ``loss`` the least
    ``selection_loss``, which also heeds how sure answers are."""
    seed: int = Field(default=0, ge=0, lt=2**32)
    """Decides the initial weights and every random choice of training."""

    @property
    def thaws(self) -> int:
        """The epoch after which a frozen backbone learns; 0 where it never does."""
        return self.freeze if self.freeze < self.epochs else 0

    @property
    def losses(self) -> set[str]:
        """The losses that take part, by their names."""
        return {*self.loss.split("+"), *(self.finish or self.loss).split("+")}


class RunConfig(Strict):
    """The resolved settings of one run, as stored in its ``config.yaml``."""

    task: Task
    model: ModelConfig
    data: DataConfig = DataConfig()
    augment: AugmentConfig = AugmentConfig()
    training: TrainingConfig = TrainingConfig()

    def changed(self, section: str, **values: Any) -> RunConfig:
        """Return these settings with values of one section, such as "model", replaced; they are not checked again."""
        return self.model_copy(update={section: getattr(self, section).model_copy(update=values)})

    @property
    def chosen_by(self) -> str:
        """What the kept epoch is best in, in words."""
        score = "accuracy" if self.task == "classification" else "mIoU"
        return {"score": score, "balanced": "balanced accuracy", "loss": "negative loss"}[self.training.choose_by]

    def learned_from(self) -> dict[str, Any]:
        """Return the settings that decide the weights, as plain data.

        Those at their defaults are left out: a later version with more of them has learned from the same.
        """
        usual = self.handled_as(RunConfig(task=self.task, model=self.model))
        return usual.model_dump(mode="json", exclude={"model": set(LOOKS)}, exclude_defaults=True)

    def handled_as(self, other: RunConfig) -> RunConfig:
        """Return these settings with those of another that say how images are handled, and change no result."""
        config = self
        for section, names in HANDLING.items():
            config = config.changed(section, **{name: getattr(getattr(other, section), name) for name in names})
        return config

    @model_validator(mode="after")
    def _check(self) -> RunConfig:
        training = self.training
        if self.task == "classification" and self.model.downsample > 1:
            raise ValueError("downsample is for segmentation; classifiers have input_size")
        if self.task == "classification" and self.model.tta_scales != OWN_SIZE:
            raise ValueError("tta_scales is for segmentation; classifiers have input_size")
        if self.task == "segmentation" and self.model.input_size is not None:
            raise ValueError("input_size is for classification; segmenters have crop and downsample")
        if self.task == "segmentation" and (training.mixup or training.cutmix):
            raise ValueError("mixup and cutmix are for classification")
        if training.patience is not None and not self.data.selection:
            raise ValueError("patience watches the score on the selection part, and selection=0 leaves none to watch")
        if self.task == "segmentation" and training.choose_by == "balanced":
            raise ValueError("choose_by=balanced is for classification; mIoU counts all classes alike as it is")
        if training.choose_by != "score" and not self.data.selection:
            raise ValueError("choose_by looks at the selection part, and selection=0 leaves none to look at")
        if self.task == "segmentation" and training.sampling == "balanced":
            raise ValueError("sampling=balanced is for classification; for segmentation there is class_weights")
        if training.sampling == "balanced" and training.class_weights in ("auto", "corrected"):
            how = f"class_weights={training.class_weights}"
            raise ValueError(f"{how} goes by frequencies that sampling=balanced evens out; leave out one of them")
        if self.task == "classification" and training.losses & OF_OVERLAP:
            raise ValueError("classification takes cross-entropy, focal or plugin:NAME")
        if training.class_weights == "corrected" and "focal" in training.losses:
            raise ValueError("class_weights=corrected is for cross-entropy; from focal, weights cannot be taken back")
        return self

"""What is mapped by what: a network, a raster, and the tiles between them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from pixelproof import __version__
from pixelproof.array_types import Bool, UInt8, Unsigned
from pixelproof.config import OWN_SIZE, run_settings
from pixelproof.deploy.backend import BACKEND, DEVICE, pick_backend
from pixelproof.deploy.cog import STEPS
from pixelproof.deploy.legend import Legend
from pixelproof.deploy.raster import Scene
from pixelproof.deploy.settings import MapSettings
from pixelproof.errors import UserError
from pixelproof.labels import VOID
from pixelproof.prediction import Predictor
from pixelproof.prediction.tiles import halo, seam_difference, seamless, tile_side, tiles
from pixelproof.prediction.views import ViewAverage
from pixelproof.progress import say
from pixelproof.runs import Run
from pixelproof.runs.files import file_digest
from pixelproof.windows import Tile, Window


@dataclass(frozen=True)
class MapJob:
    """One map to make.

    Attributes:
        run: Whose network is used.
        predictor: The network.
        scene: The raster.
        settings: What the user said.
        legend: Of the map.
        tiles: Row by row.
        side: Of a tile without its halo, in pixels.
        margin: Width of their halo in pixels.
        backend: The library that computes them.
    """

    run: Run
    predictor: Predictor
    scene: Scene
    settings: MapSettings
    legend: Legend
    tiles: list[Tile]
    side: int
    margin: int
    backend: str

    @classmethod
    @contextmanager
    def open(cls, run: Run, scene: Path, settings: MapSettings, earlier: Mapping[str, Any]) -> Iterator[MapJob]:
        """Give the job of mapping a raster, which is open until the block ends.

        Args:
            run: Whose network is used.
            scene: The raster.
            settings: What the user said.
            earlier: What an unfinished map of the same name was made from.

        Raises:
            UserError: The run is incomplete or a classifier's, or the raster, the tile's side or the backend cannot be
                used.
            Refusal: The backend that is asked for does not compute the same as the network.
        """
        config = run_settings(run)
        if config.task != "segmentation":
            raise UserError(f"{run.path} classifies whole images", "map with a run that was trained for segmentation")
        sizes = OWN_SIZE if settings.scales is None else settings.scales
        predictor = Predictor.open(run, settings.device, tta=settings.tta, scales=sizes)
        if config.model.averages and not settings.tta and settings.scales is None:
            say("note: the run averages over several looks at an image; without --tta or --scales this map takes one")
        stride, tile = predictor.model.stride, settings.tile or tile_side(predictor.model)
        if tile % stride:
            near = tile_side(predictor.model, tile)
            raise UserError(f"--tile {tile} is not a multiple of {stride}, where tiles begin", f"give {near}")
        with closing(Scene(scene, settings, predictor.reader)) as opened:
            margin = halo(predictor.model)
            parts = tiles(opened.height, opened.width, tile, margin)
            seen, size = tile + 2 * margin, (opened.height, opened.width)
            backend = pick_backend(predictor, run, settings.backend, size, (seen, seen), earlier)
            yield cls(run, predictor, opened, settings, Legend.of(predictor.scheme), parts, tile, margin, backend)

    def made_from(self) -> dict[str, Any]:
        """Return everything that decides a pixel, by the name that messages use."""
        scaling, model = self.scene.scaling, self.predictor.model
        # A mean of probabilities depends on their temperature.
        tempered = f"at {model.temperature}" if isinstance(model, ViewAverage) else ""
        settings = str(run_settings(self.run).model)
        return {
            "network": file_digest(self.run.best) + self.predictor.scheme.hash + settings + tempered,
            "scene": self.scene.path.name,
            "raster": self.scene.fingerprint(),
            "--bands": list(self.scene.bands),
            "--nodata": self.settings.nodata,
            "--stretch": [list(scaling.low), list(scaling.high)],
            "--tta": self.settings.tta,
            "--scales": self.settings.scales and sorted(self.settings.scales),
            "--tile": [self.side, self.margin],
            "--probabilities": self.settings.probabilities is not None and self.predictor.temperature,
            DEVICE: self.predictor.device.type,
            BACKEND: self.backend,
        }

    def read(self, window: Window) -> tuple[UInt8, Bool]:
        """Return a window of the scene as the network sees it, uint8 [h, w, C], and where it holds data, [h, w].

        Pixels without data take the colour that becomes zero, as the network's own padding beyond the border is.
        """
        image, valid = self.scene.read(window)
        if not valid.all():
            image = image.copy()
            image[~valid] = np.round(np.array(self.predictor.model.preprocessing.mean) * 255).astype(np.uint8)
        return image, valid

    def values(self, tile: Tile, logits: Tensor | None, valid: Bool) -> Unsigned:
        """Return the map's values of the kept part of a tile, [1, h, w], from its logits [K, h, w]; None is no data."""
        kept = valid[tile.inside]
        if logits is None:
            return self.legend.encode(np.full(kept.shape, VOID, np.uint8))[None]
        # NumPy compares whole planes, which is several times faster than torch's argmax over this dimension.
        classes = logits[:, *tile.inside].numpy().argmax(axis=0).astype(np.uint8)
        return self.legend.encode(np.where(kept, classes, np.uint8(VOID)))[None]

    def chances(self, tile: Tile, logits: Tensor | None, valid: Bool) -> UInt8:
        """Return the probabilities of the kept part of a tile in steps, uint8 [K, h, w]; 255 is no data.

        They are at the run's temperature.
        """
        kept = valid[tile.inside]
        if logits is None:
            return np.full((len(self.legend.ids), *kept.shape), VOID, np.uint8)
        steps = (
            (logits[:, *tile.inside] / self.predictor.temperature)
            .softmax(dim=0)
            .mul_(STEPS)
            .round_()
            .to(torch.uint8)
            .numpy()
        )
        return np.where(kept, steps, np.uint8(VOID))

    def tags(self) -> dict[str, str]:
        """Return where a map comes from, for its file."""
        return {
            "TIFFTAG_SOFTWARE": f"pixelproof {__version__}",
            "RUN": self.run.name,
            "MODEL": run_settings(self.run).model.name,
            "LABELS": self.predictor.scheme.hash,
            "SCENE": self.scene.path.name,
        }

    def seams(self) -> dict[str, Any]:
        """Return whether the map equals that of the whole image, and for networks that see all of it, how nearly.

        Those are measured on a sample from the middle of the scene, mapped as a whole and in four tiles.
        """
        facts: dict[str, Any] = {"tile": self.side, "halo": self.margin, "tiles": len(self.tiles)}
        if seamless(self.predictor.model) or len(self.tiles) == 1:
            return facts | {"equals_whole_image": True, "sample": None, "differing_share": 0.0}
        side = self.side + 2 * self.margin
        high, wide = min(side, self.scene.height), min(side, self.scene.width)
        image, _ = self.read(Window((self.scene.height - high) // 2, (self.scene.width - wide) // 2, high, wide))
        stride = self.predictor.model.stride
        half = -(-max(high, wide) // (2 * stride)) * stride
        share = seam_difference(image, self.predictor.classes, self.margin, half)
        return facts | {"equals_whole_image": False, "sample": [high, wide], "differing_share": share}

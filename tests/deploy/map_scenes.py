"""Small rasters and untrained but lively networks for the tests of mapping."""

from __future__ import annotations

import warnings

import numpy as np
import rasterio
import torch
from rasterio.errors import NotGeoreferencedWarning

from pixelproof.config import default_config
from pixelproof.deploy.geo import open_raster
from pixelproof.labels import PRESETS
from pixelproof.models import build_model
from pixelproof.prediction import Predictor
from pixelproof.runs import Run
from pixelproof.training.checkpoints import save_weights

UTM = rasterio.transform.from_origin(400_000, 5_600_000, 10, 10)


def make_run(path, name="fcn8s", width=0.03, scheme=PRESETS["deepglobe"]):
    """Write a run folder with random weights whose classes are spread over noise, so that every halo matters."""
    config = default_config("segmentation", name)
    config = config.model_copy(update={"model": config.model.model_copy(update={"width": width})})
    run = Run.create(path, config.model_dump(mode="json"), scheme, {})
    model = build_model(config.model, len(scheme.classes))
    image = np.random.default_rng(0).integers(0, 256, (256, 256, 3)).astype(np.uint8)
    logits = Predictor(model, scheme, "cpu")([image]).logits
    scoring = [m for m in model.modules() if getattr(m, "out_channels", 0) == len(scheme.classes)][-1]
    with torch.no_grad():
        scoring.bias -= logits.mean(dim=(0, 2, 3))
    save_weights(run.best, model)
    return run


def write_scene(path, pixels, crs="EPSG:32633", transform=UTM, **options):
    """Write [bands, H, W] as a GeoTIFF, or by another ``driver``."""
    count, height, width = pixels.shape
    profile = {"driver": "GTiff", "count": count, "height": height, "width": width, "dtype": pixels.dtype}
    place = {"crs": crs, "transform": transform} if crs else {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with rasterio.open(path, "w", **profile | place | options) as data:
            data.write(pixels)
    return path


def read(path):
    """Return all bands of a raster, [bands, H, W]."""
    with open_raster(path) as data:
        return data.read()


def noise(height, width, bands=3, seed=1, high=256, dtype=np.uint8):
    """Return noise, [bands, H, W]."""
    return np.random.default_rng(seed).integers(0, high, (bands, height, width)).astype(dtype)


def write_mosaic(path, sources):
    """Write a VRT of RGB sources side by side, each 30 x 40 pixels."""
    bands = ""
    for band, color in enumerate(("Red", "Green", "Blue"), 1):
        bands += f'<VRTRasterBand dataType="Byte" band="{band}"><ColorInterp>{color}</ColorInterp>'
        for number, source in enumerate(sources):
            bands += (
                f'<SimpleSource><SourceFilename relativeToVRT="1">{source}</SourceFilename>'
                f'<SourceBand>{band}</SourceBand><SrcRect xOff="0" yOff="0" xSize="40" ySize="30"/>'
                f'<DstRect xOff="{40 * number}" yOff="0" xSize="40" ySize="30"/></SimpleSource>'
            )
        bands += "</VRTRasterBand>"
    path.write_text(f'<VRTDataset rasterXSize="{40 * len(sources)}" rasterYSize="30">{bands}</VRTDataset>')
    return path

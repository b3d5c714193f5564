"""What is wrong with a data set, before anything is trained on it."""

from pixelproof.data.doctor.examine import examine
from pixelproof.data.doctor.finding import Diagnosis, Finding

__all__ = ["Diagnosis", "Finding", "examine"]

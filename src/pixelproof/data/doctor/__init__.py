"""What is wrong with a data set, before anything is trained on it."""

from pixelproof.data.doctor.diagnosis import Diagnosis
from pixelproof.data.doctor.examine import examine
from pixelproof.data.doctor.finding import Finding
from pixelproof.data.doctor.illustrate import illustrate

__all__ = ["Diagnosis", "Finding", "examine", "illustrate"]

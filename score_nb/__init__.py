__version__ = "0.0.1"

from score_nb.numerics.command import quiet_start
quiet_start("score_nb") # the command: Ctrl-C during the imports below is one line

from score_nb.core import Score, assert_mc, count_nfe, given, seeded
from score_nb.viz import animate, show_density, show_field, show_images, show_paths, show_samples, slider
from score_nb.densities import Energy, Gaussian, GaussianMixture, random_mixture
from score_nb.metrics import c2st, energy_distance, frechet_distance, mode_weights, sliced_w2
from score_nb.matching import denoising_loss, explicit_loss, fisher_divergence, implicit_loss, sliced_loss
from score_nb.numerics.mcmc import hmc, mala # langevin stays a module here: from score_nb.langevin import langevin
from score_nb.noise import SDE, dsm_loss, loss_by_level
from score_nb.images import augment, dequantize, digits, load_images, to_uint8
from score_nb.nets import MLP, ScoreModel, UNet
from score_nb.training import fit
from score_nb.ncsn import Ladder, annealed_langevin, geometric_sigmas, suggest_sigmas
from score_nb.sde import VE, VP, Affine, Cosine, Discrete, Linear, SubVP
from score_nb.reverse import Ancestral, EulerMaruyama, ReverseDiffusion, RungeKutta, adaptive_sample, sample, trajectory
from score_nb.correctors import AnnealedCorrector, HMCCorrector, LangevinCorrector, convert_score
from score_nb.flow import decode, encode, ode_sample, slerp
from score_nb.fast import DDIM, Heun, clip, fast_sample, multistep
from score_nb.likelihood import bits_per_dim, log_likelihood
from score_nb.guidance import classifier_free, classifier_guided
from score_nb.operators import Blur, Downsample, Grayscale, Inpaint, LinearOperator, Matrix, Operator
from score_nb.inverse import DPS, MMPS, PiGDM, Replacement, Twisted, posterior_sample, posterior_score
from score_nb.medical import FourierMask, Radon
from score_nb.hub import load_pretrained, pretrained_names
from score_nb import langevin, objectives
from score_nb._docs import attach
attach() # docstrings with every parameter, for help()
del attach, quiet_start

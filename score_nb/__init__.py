__version__ = "0.0.1"

from score_nb.core import Score, assert_mc, count_nfe, seeded
from score_nb.densities import Energy, Gaussian, GaussianMixture, random_mixture
from score_nb.metrics import c2st, energy_distance, frechet_distance, mode_weights, sliced_w2
from score_nb.matching import denoising_loss, explicit_loss, fisher_divergence, implicit_loss, sliced_loss
from score_nb.langevin import hmc, mala # langevin stays a module here: from score_nb.langevin import langevin
from score_nb.images import augment, dequantize, digits, load_images, to_uint8
from score_nb.nets import MLP, ScoreModel, UNet
from score_nb.training import fit
from score_nb.ncsn import Ladder, annealed_langevin, geometric_sigmas, ncsn_loss, suggest_sigmas
from score_nb.sde import VE, VP, Affine, Cosine, Linear, SubVP
from score_nb.objectives import dsm_loss, loss_by_level
from score_nb.reverse import adaptive, ancestral, euler_maruyama, reverse_diffusion, runge_kutta, sample, trajectory
from score_nb.correctors import annealed_corrector, hmc_corrector, langevin_corrector
from score_nb.flow import decode, encode, ode_sample, slerp
from score_nb.fast import fast_sample
from score_nb.likelihood import bits_per_dim, log_likelihood
from score_nb.guidance import classifier_free, classifier_guided
from score_nb.operators import Blur, Downsample, Grayscale, Inpaint, LinearOperator, Matrix
from score_nb.inverse import posterior_sample, posterior_score
from score_nb.medical import FourierMask, Radon
from score_nb.hub import load_pretrained

"Everything is read from settings.ini; this file only hands it to setuptools, and writes the stubs that editors read."
import sys
from configparser import ConfigParser
from pathlib import Path
from setuptools import find_packages, setup

here = Path(__file__).resolve().parent
sys.path.insert(0, str(here / "tools"))
import build_stubs
build_stubs.build(here / "score_nb", here / "score_nb") # from the source alone; also what `make nbs` does

parser = ConfigParser(delimiters=["="])
parser.read(here / "settings.ini", encoding="utf-8")
cfg = parser["DEFAULT"]
extras = {k: cfg[f"{k}_requirements"].split() for k in ("data", "eval", "dev")}

setup(
    name=cfg["lib_name"], version=cfg["version"], description=cfg["description"], keywords=cfg["keywords"],
    author=cfg["author"], author_email=cfg["author_email"], url=cfg["git_url"],
    long_description=(here / "README.md").read_text(encoding="utf-8"), long_description_content_type="text/markdown",
    packages=find_packages(include=["score_nb", "score_nb.*"]),
    package_data={"": ["py.typed", "*.pyi"], "score_nb": ["weights/*/*"]}, include_package_data=True,
    python_requires=f">={cfg['min_python']}", install_requires=cfg["requirements"].split(), extras_require=extras,
    entry_points={"console_scripts": cfg["console_scripts"].split(), "nbdev": [f"{cfg['lib_name']}={cfg['lib_path']}._modidx:d"]},
    license="Apache-2.0", zip_safe=False,
    classifiers=["Development Status :: 3 - Alpha", "Intended Audience :: Science/Research", "Intended Audience :: Education",
                 "Programming Language :: Python :: 3", "Typing :: Typed", "Topic :: Scientific/Engineering :: Artificial Intelligence"],
)

#!/usr/bin/env python3
"""The two recipes people would use instead, on the same tickets: what the accuracy benchmark is held against.

    baselines.py TRAIN.csv TEST.csv    (columns `body` and `category`)

prints accuracy and macro F1 of TF-IDF + linear SVM, then those of the encoder's embeddings + logistic regression.
Needs scikit-learn, onnxruntime and tokenizers; nothing else in this project needs any of them.
"""

import csv
import pathlib
import sys

import numpy
import onnxruntime
from scipy.sparse import hstack
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegressionCV
from sklearn.metrics import accuracy_score, f1_score
from sklearn.svm import LinearSVC
from tokenizers import Tokenizer

ENCODER = pathlib.Path(__file__).parent / "encoder"


def read(path):
    with open(path, encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return [" ".join(row["body"].split()) for row in rows], [row["category"] for row in rows]


def embed(texts):
    tokenizer = Tokenizer.from_file(str(ENCODER / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(256)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.add_session_config_entry("optimization.disable_specified_optimizers", "SkipLayerNormFusion")
    session = onnxruntime.InferenceSession(str(ENCODER / "encoder.onnx"), options, ["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    ids = (numpy.array([tokenizer.encode(text).ids], dtype=numpy.int64) for text in texts)
    return numpy.array([session.run(None, {name: one})[0][0] for one in ids])


def main():
    (train, labels), (test, right) = (read(path) for path in sys.argv[1:3])
    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
    letters = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5), sublinear_tf=True)
    terms = hstack([words.fit_transform(train), letters.fit_transform(train)]).tocsr()
    said = LinearSVC(C=1.0).fit(terms, labels).predict(hstack([words.transform(test), letters.transform(test)]).tocsr())
    print(accuracy_score(right, said), f1_score(right, said, average="macro"))
    regression = LogisticRegressionCV(Cs=[3, 10, 30], cv=5, max_iter=300, scoring="accuracy", use_legacy_attributes=False)
    said = regression.fit(embed(train), labels).predict(embed(test))
    print(accuracy_score(right, said), f1_score(right, said, average="macro"))


if __name__ == "__main__":
    main()

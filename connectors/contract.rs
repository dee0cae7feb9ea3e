//! The contract suite: every connector against every effect and scripted answers.

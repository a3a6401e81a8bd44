//! AWS IAM: the policy language, its evaluation and its explanation. Pure.

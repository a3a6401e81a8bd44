//! Three-valued logic (Kleene): what cannot be known stays unknown. Never turns an unknown into a yes.

/// Yes, no, or it depends on something that is not known here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Truth {
    /// It holds.
    Yes,
    /// It does not hold.
    No,
    /// It holds for some values of what is not known, and not for others.
    Depends,
}

impl Truth {
    /// Both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::No, _) | (_, Self::No) => Self::No,
            (Self::Yes, Self::Yes) => Self::Yes,
            _ => Self::Depends,
        }
    }

    /// Either.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Yes, _) | (_, Self::Yes) => Self::Yes,
            (Self::No, Self::No) => Self::No,
            _ => Self::Depends,
        }
    }

    /// The opposite; an unknown stays unknown.
    #[must_use]
    pub fn negated(self, negate: bool) -> Self {
        match (self, negate) {
            (Self::Yes, true) => Self::No,
            (Self::No, true) => Self::Yes,
            (same, _) => same,
        }
    }

    /// Whether any item holds; stops at the first that does.
    pub fn any(items: impl IntoIterator<Item = Self>) -> Self {
        let mut all = Self::No;
        for item in items {
            all = all.or(item);
            if all == Self::Yes {
                break;
            }
        }
        all
    }

    /// Whether every item holds; stops at the first that does not.
    pub fn all(items: impl IntoIterator<Item = Self>) -> Self {
        let mut all = Self::Yes;
        for item in items {
            all = all.and(item);
            if all == Self::No {
                break;
            }
        }
        all
    }
}

impl From<bool> for Truth {
    fn from(holds: bool) -> Self {
        if holds { Self::Yes } else { Self::No }
    }
}

#[cfg(test)]
mod tests {
    use super::Truth::{self, Depends, No, Yes};

    #[test]
    fn kleene() {
        assert_eq!(Depends.and(No), No);
        assert_eq!(Depends.and(Yes), Depends);
        assert_eq!(Depends.or(Yes), Yes);
        assert_eq!(Depends.or(No), Depends);
        assert_eq!(Depends.negated(true), Depends);
        assert_eq!(Truth::any([No, Depends, Yes]), Yes);
        assert_eq!(Truth::all([Yes, Depends, No]), No);
        assert_eq!(Truth::all([]), Yes);
        assert_eq!(Truth::any([]), No);
    }
}

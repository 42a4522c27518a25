//! Counting the steps of one decision.

/// What is left of a budget of steps.
#[derive(Debug)]
pub(crate) struct Meter {
    budget: u64,
    left: u64,
}

/// The budget is used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Spent;

impl Meter {
    /// A full budget.
    pub(crate) fn new(budget: u64) -> Self {
        Self { budget, left: budget }
    }

    /// Takes `steps` from the budget.
    pub(crate) fn spend(&mut self, steps: usize) -> Result<(), Spent> {
        let steps = u64::try_from(steps).unwrap_or(u64::MAX);
        match self.left.checked_sub(steps) {
            Some(left) => {
                self.left = left;
                Ok(())
            }
            None => {
                self.left = 0;
                Err(Spent)
            }
        }
    }

    /// The steps taken.
    pub(crate) fn used(&self) -> u64 {
        self.budget - self.left
    }

    /// The steps left.
    pub(crate) fn left(&self) -> u64 {
        self.left
    }
}

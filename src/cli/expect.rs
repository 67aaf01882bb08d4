//! What the user expects (`--expect`): read, and held against the plan, before anything is sent.

use crate::expect::{Expression, Mistake};
use crate::plan::Plan;

/// The expectations of the flags, each of which must fit every plan.
pub fn expressions(given: &[String], plans: &[Plan]) -> Result<Vec<Expression>, Mistake> {
    given
        .iter()
        .map(|text| {
            let expression = Expression::parse(text)?;
            plans.iter().try_for_each(|plan| expression.fits(plan))?;
            Ok(expression)
        })
        .collect()
}

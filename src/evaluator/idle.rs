//! What a witness need not say. An engine gives a value to every key that the formula mentions, also where the request
//! would be decided the same without it. Only keys that a client need not send are tried
//! ([`Cloud::may_lack`]), and the concrete rule judges each request.

use super::{Evaluator, Witness};
use crate::clouds::Cloud;
use crate::logic::Formula;
use crate::model::Request;

/// The request without the keys that make no difference; `same` tells whether a request is as good.
pub(super) fn without_idle(cloud: &dyn Cloud, request: Request, same: impl Fn(&Request) -> bool) -> Request {
    let keys: Vec<String> = request.context.keys().filter(|key| cloud.may_lack(key)).cloned().collect();
    let mut left = request;
    for key in keys {
        let mut next = left.clone();
        next.context.remove(&key);
        if same(&next) {
            left = next;
        }
    }
    left
}

impl Evaluator<'_> {
    /// The witness without idle keys: it is decided in the same way, and what is `given` still holds for it.
    pub(super) fn told(&self, cloud: &dyn Cloud, witness: Witness, given: &Formula) -> Witness {
        let Witness { request, decision } = witness;
        let holds = |request: &Request| {
            *given == Formula::True || given.evaluate(&cloud.assignment(self.estate(), request)) == Some(true)
        };
        let same = |next: &Request| cloud.decide(self.estate(), next) == decision && holds(next);
        Witness { request: without_idle(cloud, request, same), decision }
    }
}

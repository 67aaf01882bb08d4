//! A fleet: one server on every address of 127.0.0.0/8, whose behaviour follows from the address at which it was reached.
//! So a machine has sixteen million mail servers, of each of which the truth is known. Linux only: elsewhere 127.0.0.1 is
//! the only address of loopback.
//!
//! | addresses | what they are |
//! |---|---|
//! | 127.77.0.0/16 | one for each scenario, in the order of the list: the names `SCENARIO.test` of the sandbox's DNS |
//! | the others | drawn by seed and address: six of ten healthy, the others wrong in any way |

use std::net::Ipv4Addr;

use super::scenario::Scenario;
use super::scenarios::{HEALTHY, scenarios};

/// Which server an address has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fleet {
    /// The same seed gives the same fleet.
    pub seed: u64,
}

impl Fleet {
    /// The scenario at an address.
    pub fn at(self, address: Ipv4Addr) -> &'static Scenario {
        let [_, block, high, low] = address.octets();
        let fixed = (block == BLOCK).then(|| scenarios().nth(usize::from(high) * 256 + usize::from(low))).flatten();
        fixed.unwrap_or_else(|| {
            let number = mixed(self.seed ^ u64::from(u32::from(address)));
            let healthy = HEALTHY.len() as u64;
            let all = scenarios().count() as u64;
            let chosen = if number % 10 < 6 {
                HEALTHY.get(usize::try_from((number >> 8) % healthy).unwrap_or(0))
            } else {
                scenarios().nth(usize::try_from((number >> 8) % all).unwrap_or(0))
            };
            // Both lists are constants and not empty.
            chosen.expect("a list of scenarios that is not empty")
        })
    }

    /// The first addresses of the drawn part: 127.1.0.1 and on.
    pub fn addresses() -> impl Iterator<Item = Ipv4Addr> {
        let first = u32::from(Ipv4Addr::new(127, 1, 0, 1));
        let last = u32::from(Ipv4Addr::new(127, BLOCK - 1, 255, 254));
        (first..=last).map(Ipv4Addr::from)
    }
}

const BLOCK: u8 = 77;

/// The fixed address of a scenario.
pub(crate) fn address_of(name: &str) -> Option<Ipv4Addr> {
    let at = scenarios().position(|scenario| scenario.name == name)?;
    let [high, low] = u16::try_from(at).ok()?.to_be_bytes();
    Some(Ipv4Addr::new(127, BLOCK, high, low))
}

/// SplitMix64: spreads neighbouring numbers.
fn mixed(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::scenarios::{HEALTHY, scenarios};
    use super::{Fleet, address_of};

    #[test]
    fn every_scenario_has_an_address_of_its_own() {
        let fleet = Fleet { seed: 1 };
        let mut seen = BTreeSet::new();
        for scenario in scenarios() {
            let address = address_of(scenario.name).expect("an address");
            assert_eq!(fleet.at(address).name, scenario.name);
            assert!(seen.insert(address));
        }
        assert_eq!(address_of("nobody"), None);
    }

    #[test]
    fn a_seed_gives_one_fleet_and_another_seed_another() {
        let names = |seed| Fleet::addresses().take(300).map(|at| Fleet { seed }.at(at).name).collect::<Vec<_>>();
        assert_eq!(names(7), names(7));
        assert_ne!(names(7), names(8));
        let healthy = names(7).iter().filter(|name| HEALTHY.iter().any(|one| one.name == **name)).count();
        assert!((150..=240).contains(&healthy), "{healthy} of 300");
        assert!(names(7).iter().collect::<BTreeSet<_>>().len() > 50);
    }
}

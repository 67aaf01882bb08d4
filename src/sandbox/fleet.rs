//! A fleet: one server on every IP address in 127.0.0.0/8. The address that a client connects to selects the scenario,
//! so one machine provides 16 million mail servers with known faults. This works on Linux; other systems usually accept
//! connections only on 127.0.0.1.
//!
//! | addresses | scenarios |
//! |---|---|
//! | 127.77.0.0/16 | one address for each scenario, in list order; `SCENARIO.test` resolves to it |
//! | others | chosen from the seed and the address: 60 % without faults, the others from all scenarios |

use std::net::Ipv4Addr;

use super::scenario::Scenario;
use super::scenarios::{HEALTHY, scenarios};

/// The assignment of scenarios to addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fleet {
    /// The same seed results in the same fleet.
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
            // Both lists are constants with at least one element.
            chosen.expect("the list of scenarios is not empty")
        })
    }

    /// The addresses whose scenarios are chosen by the seed, from 127.1.0.1 up to the block of fixed addresses.
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

/// SplitMix64: a hash that maps consecutive numbers to very different values.
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
    fn every_scenario_has_its_own_address() {
        let fleet = Fleet { seed: 1 };
        let mut seen = BTreeSet::new();
        for scenario in scenarios() {
            let address = address_of(scenario.name).expect("an address");
            assert_eq!(fleet.at(address).name, scenario.name);
            assert!(seen.insert(address));
        }
        assert_eq!(address_of("unknown"), None);
    }

    #[test]
    fn the_same_seed_gives_the_same_fleet_and_another_seed_a_different_one() {
        let names = |seed| Fleet::addresses().take(300).map(|at| Fleet { seed }.at(at).name).collect::<Vec<_>>();
        assert_eq!(names(7), names(7));
        assert_ne!(names(7), names(8));
        let healthy = names(7).iter().filter(|name| HEALTHY.iter().any(|one| one.name == **name)).count();
        assert!((150..=240).contains(&healthy), "{healthy} of 300");
        assert!(names(7).iter().collect::<BTreeSet<_>>().len() > 50);
    }
}

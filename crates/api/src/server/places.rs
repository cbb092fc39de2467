//! Who may have how many connections.

use std::{collections::BTreeMap, net::IpAddr, sync::Arc};

use parking_lot::Mutex;

use super::ServerSettings;

/// The connections that are there, by address.
#[derive(Debug)]
pub(super) struct Places {
    at_most: usize,
    per_address: usize,
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    all: usize,
    by_address: BTreeMap<IpAddr, usize>,
}

/// One connection's place; free again when dropped.
#[derive(Debug)]
pub(super) struct Place {
    places: Arc<Places>,
    address: IpAddr,
}

impl Places {
    pub(super) fn new(settings: &ServerSettings) -> Self {
        Self {
            at_most: settings.connections_at_most,
            per_address: settings.connections_per_address,
            taken: Mutex::default(),
        }
    }

    /// A place for a connection from this address, if there is one.
    pub(super) fn take(self: &Arc<Self>, address: IpAddr) -> Option<Place> {
        let mut taken = self.taken.lock();
        let of_address = taken.by_address.get(&address).copied().unwrap_or(0);
        if taken.all >= self.at_most || of_address >= self.per_address {
            return None;
        }
        taken.all += 1;
        taken.by_address.insert(address, of_address + 1);
        Some(Place { places: Arc::clone(self), address })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.taken.lock();
        taken.all -= 1;
        if let Some(count) = taken.by_address.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                taken.by_address.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_counted_by_address_and_given_back() {
        let settings = ServerSettings {
            connections_at_most: 3,
            connections_per_address: 2,
            ..ServerSettings::default()
        };
        let places = Arc::new(Places::new(&settings));
        let (one, two) = ([127, 0, 0, 1].into(), [127, 0, 0, 2].into());
        let held = [places.take(one), places.take(one)];
        assert!(held.iter().all(Option::is_some));
        assert!(places.take(one).is_none(), "two of one address");
        let third = places.take(two);
        assert!(third.is_some() && places.take(two).is_none(), "three in all");
        drop(held);
        assert!(places.take(one).is_some());
    }
}

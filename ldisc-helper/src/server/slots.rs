//! Things under numbers that stay while they are there.

/// A list whose places are used again.
#[derive(Debug)]
pub(super) struct Slots<T>(Vec<Option<T>>);

impl<T> Default for Slots<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Slots<T> {
    /// The number that the next thing will have.
    pub(super) fn next(&self) -> usize {
        self.0
            .iter()
            .position(Option::is_none)
            .unwrap_or(self.0.len())
    }

    /// Puts something under [`Slots::next`].
    pub(super) fn insert(&mut self, value: T) {
        let index = self.next();
        if index == self.0.len() {
            self.0.push(None);
        }
        self.0[index] = Some(value);
    }

    pub(super) fn get_mut(&mut self, index: usize) -> Option<&mut T> {
        self.0.get_mut(index)?.as_mut()
    }

    pub(super) fn remove(&mut self, index: usize) -> Option<T> {
        self.0.get_mut(index)?.take()
    }

    /// One more than the largest number.
    pub(super) fn end(&self) -> usize {
        self.0.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        self.0.iter().flatten()
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.0.iter_mut().flatten()
    }

    /// The number of the first that fits.
    pub(super) fn position(&self, fits: impl Fn(&T) -> bool) -> Option<usize> {
        self.0
            .iter()
            .position(|slot| slot.as_ref().is_some_and(&fits))
    }
}

#[cfg(test)]
mod tests {
    use super::Slots;

    #[test]
    fn numbers_stay_and_are_used_again() {
        let mut slots = Slots::default();
        for name in ["a", "b", "c"] {
            slots.insert(name);
        }
        assert_eq!(slots.remove(1), Some("b"));
        assert_eq!(slots.remove(1), None);
        assert_eq!(slots.get_mut(2), Some(&mut "c"));
        assert_eq!(slots.next(), 1);
        slots.insert("d");
        assert_eq!(slots.iter().copied().collect::<String>(), "adc");
        assert_eq!(slots.position(|name| *name == "c"), Some(2));
        assert_eq!((slots.end(), slots.get_mut(3)), (3, None));
    }
}

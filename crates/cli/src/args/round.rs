use std::str::FromStr;

use phalanx_backend::Device;
use phalanx_measure::verify::Config;

/// A round of `phalanx verify` that a process of its own carries out.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Round {
    pub(crate) number: u32,
    pub(crate) backend: String,
    pub(crate) device: Device,
    /// The options, where they are crossed with each other.
    pub(crate) config: Option<Config>,
}

impl FromStr for Round {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let expected = || format!("expected NUMBER BACKEND DEVICE [CONFIG], got {text:?}");
        let mut words = text.split(' ');
        let mut word = || words.next().ok_or_else(expected);
        Ok(Self {
            number: word()?.parse().map_err(|_| expected())?,
            backend: word()?.to_owned(),
            device: word()?.parse().map_err(|_| expected())?,
            config: words.next().map(str::parse).transpose().map_err(|_| expected())?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use phalanx_measure::verify::Matrix;

    #[test]
    fn reads_what_the_parent_writes() {
        let round: Round = "3 tract cuda:1".parse().unwrap();
        assert_eq!((round.number, &*round.backend, round.device), (3, "tract", Device::Cuda(1)));
        let config = Matrix::default().configs()[5];
        let round: Round = format!("3 tract cpu {config}").parse().unwrap();
        assert_eq!(round.config, Some(config));
        assert!("3 tract".parse::<Round>().is_err());
    }
}

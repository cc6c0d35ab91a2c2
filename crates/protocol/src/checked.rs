//! Parts of messages that both transports build from parameters, under the same rules.

use compact_str::CompactString;

use crate::place::Place;
use crate::{Placement, ProtocolError, RequestedOutput, SharedMemory};

impl SharedMemory {
    /// The stretch that a tensor's parameters name, where they do.
    pub(crate) fn from_parameters(
        region: Option<CompactString>,
        offset: Option<u64>,
        byte_size: Option<u64>,
        place: Place,
    ) -> Result<Option<Self>, ProtocolError> {
        match (region, byte_size) {
            (Some(region), Some(byte_size)) => {
                let offset = offset.unwrap_or(0);
                if offset.checked_add(byte_size).is_none() {
                    let expected = "an end that 64 bits hold";
                    return Err(place.error("parameters.shared_memory_offset", expected, offset));
                }
                Ok(Some(Self { region, offset, byte_size }))
            }
            (Some(_), None) => {
                Err(place.error("parameters.shared_memory_byte_size", "a number of bytes", "nothing"))
            }
            (None, None) if offset.is_none() => Ok(None),
            (None, _) => Err(place.error("parameters.shared_memory_region", "a region's name", "nothing")),
        }
    }
}

impl RequestedOutput {
    /// An output of which nothing is asked that cannot be done together.
    pub(crate) fn checked(
        name: CompactString,
        placement: Placement,
        classification: Option<u64>,
        place: Place,
    ) -> Result<Self, ProtocolError> {
        let field = "parameters.classification";
        let classes = classification.unwrap_or(0);
        let classification = u32::try_from(classes)
            .map_err(|_| place.error(field, "a number of classes below 2^32", classes))?;
        if classification > 0 && matches!(placement, Placement::SharedMemory(_)) {
            return Err(place.error(field, "none where shared_memory_region is said", classification));
        }
        Ok(Self { name, placement, classification })
    }
}

use std::io::Write;

use hdrhistogram::serialization::V2DeflateSerializer;
use hdrhistogram::serialization::interval_log::{IntervalLogWriterBuilder, Tag};

use super::{LoadReport, RemoteError};

/// Nanoseconds of a millisecond: the unit that a log gives the largest value of a line in.
const NS_PER_MS: f64 = 1e6;

impl LoadReport {
    /// Writes the histograms of all steps as an interval log, version 1.2, of HdrHistogram: values in nanoseconds,
    /// compressed V2 encoding, one line a step and kind. A line with the tag `refused` holds how long refusals took;
    /// one without a tag how long answers did.
    ///
    /// # Errors
    /// [`RemoteError::Log`].
    pub fn write_hdr(&self, target: &mut impl Write) -> Result<(), RemoteError> {
        let refuse = |error: &dyn std::fmt::Display| RemoteError::Log { message: error.to_string() };
        let mut serializer = V2DeflateSerializer::new();
        let mut builder = IntervalLogWriterBuilder::new();
        builder
            .add_comment("[Histogram log format version 1.2]")
            .add_comment("latencies in nanoseconds, from when a request was due")
            .with_start_time(self.began)
            .with_base_time(self.began)
            .with_max_value_divisor(NS_PER_MS);
        let mut log = builder.begin_log_with(target, &mut serializer).map_err(|error| refuse(&error))?;
        for histograms in &self.histograms {
            let (begin, duration) = (histograms.begin, histograms.duration);
            let lines = [(None, &histograms.answered), (Tag::new("refused"), &histograms.refused)];
            for (tag, distribution) in lines {
                if tag.is_none() || !distribution.histogram().is_empty() {
                    log.write_histogram(distribution.histogram(), begin, duration, tag)
                        .map_err(|error| refuse(&error))?;
                }
            }
        }
        Ok(())
    }
}

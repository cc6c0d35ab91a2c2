//! Attention of any shape: one warp a query.

use std::sync::Arc;

use phalanx_plan::{Attention, Class, Operand, Plan, ValueId};

use crate::kernels::error::count;
use crate::kernels::expression::{self, Expression, Signature, element, pointer};
use crate::kernels::source::{self, fill};
use crate::kernels::{Argument, Launch, LowerError};

const THREADS: usize = 128;
/// Elements of a result that one warp sums up, in its registers.
const CHUNK_MAX: usize = 256;

pub(super) fn lower(plan: &Plan, attention: &Attention, output: ValueId) -> Result<Launch, LowerError> {
    let count_batch = attention.batch.len();
    let (queries, keys) = ([attention.queries], [attention.keys]);
    let place = |operand: &Operand, name: &'static str| {
        let sizes = [&attention.batch[..], if name == "query" { &queries } else { &keys }];
        let strand = expression::strand(&sizes, &operand.strides[..=count_batch]);
        (strand.offset(&["batch", name]), operand.strides[count_batch + 1].to_string())
    };
    let type_of = |operand: &Operand, what| element(plan.value(operand.value).dtype, what);
    let scores = Expression::new(plan, &attention.score, &[&attention.batch, &queries, &keys], 2);
    let signature = Signature {
        name: "Score",
        variables: &["batch", "query", "key"],
        width: 1,
        given: Some(Class::Float),
    };
    let store = Operand { value: output, offset: 0, strides: attention.store.clone() };
    let ((query, query_step), (key, key_step), (value, value_step), (to, to_step)) = (
        place(&attention.query, "query"),
        place(&attention.key, "key"),
        place(&attention.value, "key"),
        place(&store, "query"),
    );
    let mut text = source::start();
    text.push_str(&scores.function(&signature)?);
    text.push_str(&fill(
        include_str!("../cuda/attention.cu"),
        &[
            ("STORED", type_of(&store, "a result of attention")?),
            ("QUERY", type_of(&attention.query, "queries")?),
            ("KEY", type_of(&attention.key, "keys")?),
            ("VALUE", type_of(&attention.value, "values")?),
            ("QUERIES", &attention.queries.to_string()),
            ("KEYS", &attention.keys.to_string()),
            ("WIDTH", &attention.width.to_string()),
            ("VALUE_WIDTH", &attention.value_width.to_string()),
            ("CHUNK", &attention.value_width.min(CHUNK_MAX).to_string()),
            ("PARAMETERS", &scores.parameters("p")?),
            ("PASSED", &scores.passed("p")),
            ("QUERY_PLACE", &query),
            ("QUERY_STEP", &query_step),
            ("KEY_PLACE", &key),
            ("KEY_STEP", &key_step),
            ("VALUE_PLACE", &value),
            ("VALUE_STEP", &value_step),
            ("PLACE", &to),
            ("STEP", &to_step),
        ],
    ));
    let rows = attention.batch.iter().product::<usize>() * attention.queries;
    let threads = count("threads of attention", rows * 32)?;
    let operands = [&store, &attention.query, &attention.key, &attention.value];
    let mut arguments: Vec<Argument> =
        operands.iter().map(|operand| Argument::Pointer(pointer(plan, operand))).collect();
    arguments.extend(scores.arguments());
    arguments.push(Argument::U32(count("queries", rows)?));
    let chunks = count("parts of values", attention.value_width.div_ceil(CHUNK_MAX))?;
    Ok(Launch {
        source: Arc::from(text),
        entry: "attention",
        grid: [source::blocks(threads, THREADS), chunks, 1],
        block: [THREADS as u32, 1, 1],
        shared_bytes: 0,
        arguments,
    })
}

//! `nmflow cost`: FLOPs, parameters and packed memory, as a table or as data.

use std::path::PathBuf;

use nmflow::config::Site;
use nmflow::cost::{Meter, NetworkShape, PAPER_VIT_BASE_GFLOP};
use nmflow::error::LabError;
use nmflow::experiment::{architecture, network_shape};
use nmflow::pattern::NmPattern;
use nmflow::sparsity::LaneSchedule;
use serde::Serialize;

use super::runner::{read_data, read_source};

/// What `nmflow cost` was asked for.
#[derive(clap::Args)]
pub struct CostArguments {
    /// `vit-base`, or an experiment file (JSON), preset name, or link.
    network: String,
    /// Feed-forward patterns to list for vit-base; the paper's when none is given.
    #[arg(long, num_args = 1..)]
    ff: Vec<NmPattern>,
    /// Data files of an experiment that needs them: they decide the size of the images.
    #[arg(long, num_args = 1..)]
    data: Vec<PathBuf>,
    /// Prints JSON instead of a table.
    #[arg(long)]
    json: bool,
}

/// Cost of one network. Counts are of one sample's forward pass through the network that ships.
#[derive(Serialize)]
struct Row {
    name: String,
    blocks_gflop: f64,
    total_gflop: f64,
    parameters: usize,
    kept_parameters: usize,
    dense_bytes: u64,
    packed_bytes: u64,
    /// What the paper prints for the blocks.
    #[serde(skip_serializing_if = "Option::is_none")]
    paper_gflop: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    training: Option<Training>,
}

/// Cost of a lane's whole training.
#[derive(Serialize)]
struct Training {
    honest_gflop: f64,
    ideal_gflop: f64,
    average_density: f64,
    average_active: f64,
}

fn row(name: String, shape: &NetworkShape, pattern: impl Fn(Site) -> NmPattern) -> Row {
    let cost = shape.cost(pattern);
    Row {
        name,
        blocks_gflop: cost.inference.blocks_flops / 1e9,
        total_gflop: cost.inference.total_flops() / 1e9,
        parameters: cost.parameters,
        kept_parameters: cost.kept_parameters,
        dense_bytes: cost.dense_bytes,
        packed_bytes: cost.packed_bytes,
        paper_gflop: None,
        training: None,
    }
}

/// ViT-Base with feed-forward matrices of the given patterns, or of the paper's.
fn vit_base(patterns: &[NmPattern]) -> Vec<Row> {
    let pattern = |n, m| NmPattern::new(n, m).expect("the paper's patterns are patterns");
    let paper: Vec<NmPattern> = PAPER_VIT_BASE_GFLOP.iter().map(|(n, m, _)| pattern(*n, *m)).collect();
    let listed = if patterns.is_empty() { &paper } else { patterns };
    let one = |ff: &NmPattern| {
        let name = if ff.is_dense() { "dense".to_owned() } else { format!("FF {ff}") };
        let printed = PAPER_VIT_BASE_GFLOP.iter().find(|(n, m, _)| (*n, *m) == (ff.n(), ff.m()));
        let row = row(name, &NetworkShape::vit_base(), |site| if site.is_ff() { *ff } else { NmPattern::DENSE });
        Row { paper_gflop: printed.map(|(_, _, gflop)| *gflop), ..row }
    };
    listed.iter().map(one).collect()
}

/// Every lane of an experiment.
fn lanes(arguments: &CostArguments) -> Result<Vec<Row>, LabError> {
    let config = read_source(&arguments.network)?.experiment;
    let dataset = read_data(config.task(), &arguments.data)?;
    let shape = network_shape(&architecture(&config, &dataset)?);
    let lanes = config.lanes().iter().map(|lane| {
        let schedule = LaneSchedule::new(lane, &config);
        let row = row(lane.name.clone(), &shape, |site| schedule.target(site));
        let spent = Meter::new(shape.clone(), schedule, config.batch()).after(config.steps());
        let training = Training {
            honest_gflop: spent.flops.honest / 1e9,
            ideal_gflop: spent.flops.ideal / 1e9,
            average_density: spent.average_density(),
            average_active: spent.average_active(),
        };
        Row { training: Some(training), ..row }
    });
    Ok(lanes.collect())
}

/// Prints the cost of a network.
///
/// # Errors
/// When the experiment or its data cannot be read.
pub fn cost(arguments: &CostArguments) -> Result<(), LabError> {
    let rows = if arguments.network == "vit-base" { vit_base(&arguments.ff) } else { lanes(arguments)? };
    if arguments.json {
        println!("{}", serde_json::to_string_pretty(&rows).expect("rows are plain data"));
    } else {
        print_table(&rows);
    }
    Ok(())
}

fn print_table(rows: &[Row]) {
    let trains = rows.iter().any(|row| row.training.is_some());
    let digits = if trains { 5 } else { 2 };
    print!(
        "{:<24} {:>12} {:>12} {:>12} {:>12} {:>12}",
        "", "GFLOP blocks", "GFLOP all", "parameters", "kept", "packed KiB"
    );
    println!("{}", if trains { "  train GFLOP honest / ideal   density / active" } else { "        paper" });
    for row in rows {
        let (blocks, total) = (format!("{:.digits$}", row.blocks_gflop), format!("{:.digits$}", row.total_gflop));
        let kib = row.packed_bytes as f64 / 1024.0;
        print!(
            "{:<24} {blocks:>12} {total:>12} {:>12} {:>12} {kib:>12.1}",
            row.name, row.parameters, row.kept_parameters
        );
        match &row.training {
            Some(t) => println!(
                "  {:>13.2} / {:>11.2}   {:>7.3} / {:>6.3}",
                t.honest_gflop, t.ideal_gflop, t.average_density, t.average_active
            ),
            None => println!(" {:>12}", row.paper_gflop.unwrap_or("-")),
        }
    }
}

#![doc = include_str!("README.md")]

pub mod text;
pub mod logic;
pub mod model;
pub mod clouds;
pub mod input;
pub mod usage;
pub mod solver;
pub mod evaluator;
pub mod graph;
pub mod findings;
pub mod recommender;
pub mod review;
pub mod report;
pub mod collect;
pub mod pipeline;
pub mod cli;

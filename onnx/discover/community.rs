//! Communities of a graph: the Louvain method (Blondel et al., 2008), with a grain that says how fine they are.
//!
//! Nodes move, one at a time, to the neighbour's community that gains the most modularity, until none moves; then each
//! community becomes a node, and again. A higher grain gives more and smaller communities.

use std::collections::HashMap;

use super::graph::Graph;

/// Rounds over all nodes on one level; it ends far earlier.
const ROUNDS: usize = 40;
/// Levels; each has fewer nodes than the one before.
const LEVELS: usize = 20;

/// By node: its community, numbered without gaps from 0.
pub(super) fn communities(graph: &Graph, grain: f64, seed: u64) -> Vec<usize> {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut of: Vec<usize> = (0..graph.len()).collect();
    let mut level: Graph = graph.clone();
    for _ in 0..LEVELS {
        let moved = settle(&level, grain, &mut random);
        let count = moved.iter().max().map_or(0, |last| last + 1);
        of.iter_mut().for_each(|community| *community = moved[*community]);
        if count == level.len() {
            break;
        }
        level = gathered(&level, &moved, count);
    }
    of
}

/// One level: nodes move until none gains by it.
fn settle(graph: &Graph, grain: f64, random: &mut fastrand::Rng) -> Vec<usize> {
    let degree: Vec<f64> = graph.iter().map(|links| links.iter().map(|(_, weight)| weight).sum()).collect();
    let total: f64 = degree.iter().sum::<f64>().max(f64::MIN_POSITIVE);
    let mut of: Vec<usize> = (0..graph.len()).collect();
    let mut mass = degree.clone();
    let mut order: Vec<usize> = (0..graph.len()).collect();
    random.shuffle(&mut order);
    for _ in 0..ROUNDS {
        let mut moves = 0;
        for &node in &order {
            let mut shared: HashMap<usize, f64> = HashMap::new();
            for &(other, weight) in graph[node].iter().filter(|(other, _)| *other != node) {
                *shared.entry(of[other]).or_default() += weight;
            }
            let own = of[node];
            mass[own] -= degree[node];
            let gain =
                |community: usize, shared: f64| shared - grain * degree[node] * mass[community] / total;
            let stays = gain(own, shared.get(&own).copied().unwrap_or_default());
            // Sorted, so that a hash's order decides nothing.
            let mut others: Vec<(usize, f64)> = shared.into_iter().collect();
            others.sort_by_key(|(community, _)| *community);
            let mut best = (own, stays);
            for (community, shared) in others {
                let gained = gain(community, shared);
                if gained > best.1 + 1e-12 {
                    best = (community, gained);
                }
            }
            mass[best.0] += degree[node];
            of[node] = best.0;
            moves += usize::from(best.0 != own);
        }
        if moves == 0 {
            break;
        }
    }
    numbered(&of)
}

/// Communities as nodes; what links their members links them.
fn gathered(graph: &Graph, of: &[usize], count: usize) -> Graph {
    let mut links: Vec<HashMap<usize, f64>> = vec![HashMap::new(); count];
    for (node, own) in graph.iter().zip(of) {
        for (other, weight) in node {
            *links[*own].entry(of[*other]).or_default() += weight;
        }
    }
    let sorted = |links: HashMap<usize, f64>| {
        let mut links: Vec<(usize, f64)> = links.into_iter().collect();
        links.sort_by_key(|(other, _)| *other);
        links
    };
    links.into_iter().map(sorted).collect()
}

fn numbered(of: &[usize]) -> Vec<usize> {
    let mut places = HashMap::new();
    of.iter()
        .map(|community| {
            let next = places.len();
            *places.entry(*community).or_insert(next)
        })
        .collect()
}

//! The picture, drawn without colour.

use super::*;

const MS: Duration = Duration::from_millis(1);

/// So many accepted and refused at each of these milliseconds.
fn lane(name: &'static str, bursts: &[(u32, usize, usize)]) -> Lane<'static> {
    let one = |&(at, accepted, refused): &(u32, usize, usize)| {
        let arrivals = [vec![(at * MS, true); accepted], vec![(at * MS, false); refused]];
        arrivals.concat()
    };
    Lane { name, arrivals: bursts.iter().flat_map(one).collect() }
}

fn drawn(lanes: &[Lane], unit: usize, width: usize) -> String {
    console::set_colors_enabled(false);
    plot(lanes, unit, width)
}

#[test]
fn lanes_share_scale_and_axis_and_are_as_high_as_they_need() {
    let lanes = [
        lane("all at once", &[(3000, 100, 250)]),
        lane("in bursts", &[(0, 100, 0), (1005, 90, 1), (2010, 100, 0)]),
    ];
    let expected = "
What the server saw:   █ accepted   ░ refused
a column is 100 ms, a full block 100 requests; refusals are rounded up

                          ░
                          ░
                          ░
all at once               █

                                    ░
in bursts                 █         █         █

                          ┴─────────┴─────────┴
                          0 s       1 s       2 s
";
    assert_eq!(format!("\n{}", drawn(&lanes, 100, 50)), expected);
}

#[test]
fn a_wide_terminal_has_finer_columns() {
    let lanes = [lane("a", &[(0, 50, 0), (60, 25, 0), (1000, 1, 0)])];
    let expected = "
What the server saw:   █ accepted
a column is 50 ms, a full block 50 requests

a                         █▄                  ▁

                          ┴─────────┴─────────┴
                          0 s       500 ms    1 s
";
    assert_eq!(format!("\n{}", drawn(&lanes, 50, 80)), expected);
}

#[test]
fn nothing_is_wider_than_the_terminal() {
    let bursts: Vec<_> = (0..3000).map(|n| (n * 20, 1, 0)).collect();
    for width in [46, 60, 80, 120] {
        let picture = drawn(&[lane("long", &bursts)], 1, width);
        // But for the last label, which may stick out.
        let lines = picture.lines().rev().skip(1).map(|line| line.chars().count());
        assert!(lines.max() <= Some(width), "{width}:\n{picture}");
    }
}

#[test]
fn no_lane_is_higher_than_allowed() {
    let picture = drawn(&[lane("high", &[(0, 100, 4900)])], 100, 80);
    assert!(picture.contains("a full block 1000 requests"), "{picture}");
    assert_eq!(picture.matches(SHADED).count(), 5 + 1);
}

#[test]
fn low_columns_are_drawn_larger() {
    let picture = drawn(&[lane("low", &[(0, 40, 0), (100, 20, 0)])], 1000, 80);
    assert!(picture.contains("a full block 50 requests"), "{picture}");
    assert!(picture.contains("▇ ▄"), "{picture}");
}

#[test]
fn nothing_arrived_is_an_empty_lane() {
    assert!(drawn(&[lane("idle", &[])], 100, 80).contains("\nidle\n"));
    assert!(drawn(&[], 100, 80).contains("0 s"));
}

#[test]
fn times_are_said_as_people_say_them() {
    assert_eq!([0, 50, 1000, 1500, 60_000].map(time), ["0 s", "50 ms", "1 s", "1.5 s", "60 s"]);
}

//! The shard of the targets that this process checks. It is set by `--shard`, or by this task's number in an array job.

use super::super::CommandError;
use crate::cli::UsageError;
use crate::cli::flags::batch::{Shard, ShardChoice};
use crate::host::environment;

/// The variables of an array job.
struct ArrayJob {
    /// The number of this task.
    index: &'static str,
    /// The number of the first task; if the variable is missing, tasks are counted from 0.
    first: Option<&'static str>,
    /// The difference between the numbers of two tasks; if the variable is missing, it is 1.
    step: Option<&'static str>,
    /// The number of tasks.
    count: Option<&'static str>,
}

const ARRAY_JOBS: &[ArrayJob] = &[
    ArrayJob {
        index: "SLURM_ARRAY_TASK_ID",
        first: Some("SLURM_ARRAY_TASK_MIN"),
        step: Some("SLURM_ARRAY_TASK_STEP"),
        count: Some("SLURM_ARRAY_TASK_COUNT"),
    },
    // A Kubernetes Indexed Job does not set a variable for the number of tasks.
    ArrayJob { index: "JOB_COMPLETION_INDEX", first: None, step: None, count: None },
    ArrayJob { index: "AWS_BATCH_JOB_ARRAY_INDEX", first: None, step: None, count: Some("AWS_BATCH_JOB_ARRAY_SIZE") },
    ArrayJob { index: "BATCH_TASK_INDEX", first: None, step: None, count: Some("BATCH_TASK_COUNT") },
];

/// A shard, and the variable that selected it.
pub(super) struct ChosenShard {
    pub(super) shard: Shard,
    pub(super) variable: Option<&'static str>,
}

pub(super) fn chosen(given: Option<ShardChoice>) -> Result<ChosenShard, CommandError> {
    chosen_from(given, &|name| environment::text(name).ok().filter(|text| !text.is_empty()))
}

fn chosen_from(
    given: Option<ShardChoice>,
    variable: &dyn Fn(&str) -> Option<String>,
) -> Result<ChosenShard, CommandError> {
    let of = match given {
        Some(ShardChoice::Fixed(shard)) => return Ok(ChosenShard { shard, variable: None }),
        Some(ShardChoice::Auto { of }) => of,
        None => None,
    };
    let Some((job, index)) = ARRAY_JOBS.iter().find_map(|job| Some((job, variable(job.index)?))) else {
        return match given {
            None => Ok(ChosenShard { shard: Shard::ALL, variable: None }),
            Some(_) => {
                let names: Vec<&str> = ARRAY_JOBS.iter().map(|job| job.index).collect();
                let reason = format!("this is not a task of an array job: none of {} is set", names.join(", "));
                Err(UsageError::flag("--shard", reason).with_hint("use --shard I/N").into())
            }
        };
    };
    if let Some(other) = ARRAY_JOBS.iter().find(|other| other.index != job.index && variable(other.index).is_some()) {
        let reason = format!("{} and {} are both set", job.index, other.index);
        return Err(UsageError::flag("--shard", reason).with_hint("use --shard I/N").into());
    }
    let number = |name: &str, text: &str| {
        text.trim().parse::<u32>().map_err(|_| {
            let error = UsageError::flag(name.to_owned(), "not a number").with_value(text);
            CommandError::from(error.with_hint("use --shard I/N, or --shard 1/1 to check all targets"))
        })
    };
    let read = |name: Option<&'static str>, default: u32| match name.and_then(|name| Some((name, variable(name)?))) {
        Some((name, text)) => number(name, &text),
        None => Ok(default),
    };
    let index = number(job.index, &index)?;
    let (first, step) = (read(job.first, 0)?, read(job.step, 1)?.max(1));
    let count = match (of, job.count.and_then(|name| Some((name, variable(name)?)))) {
        (Some(of), _) => of,
        (None, Some((name, text))) => number(name, &text)?,
        (None, None) => {
            let reason = format!("{} is set, but the number of tasks is unknown", job.index);
            let hint = "use --shard auto/N with the number of tasks, or --shard 1/1 to check all targets";
            return Err(UsageError::flag("--shard", reason).with_hint(hint).into());
        }
    };
    let place = index.checked_sub(first).map(|behind| behind / step).and_then(|place| place.checked_add(1));
    match place.and_then(|place| Shard::new(place, count)) {
        Some(shard) => Ok(ChosenShard { shard, variable: Some(job.index) }),
        None => {
            let reason = format!("{} is {index}, but there are only {count} shards", job.index);
            Err(UsageError::flag("--shard", reason).with_hint("use --shard I/N").into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::chosen_from;
    use crate::cli::flags::batch::{Shard, ShardChoice};

    fn shard(given: Option<ShardChoice>, set: &[(&str, &str)]) -> Result<(u32, u32), String> {
        let variable = |name: &str| set.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        chosen_from(given, &variable)
            .map(|chosen| (chosen.shard.number, chosen.shard.of))
            .map_err(|error| error.to_string())
    }

    #[test]
    fn array_jobs_number_their_tasks() {
        let slurm = [
            ("SLURM_ARRAY_TASK_ID", "7"),
            ("SLURM_ARRAY_TASK_MIN", "1"),
            ("SLURM_ARRAY_TASK_STEP", "2"),
            ("SLURM_ARRAY_TASK_COUNT", "4"),
        ];
        assert_eq!(shard(None, &slurm), Ok((4, 4)));
        let auto = |of| Some(ShardChoice::Auto { of });
        assert_eq!(shard(auto(Some(5)), &[("JOB_COMPLETION_INDEX", "0")]), Ok((1, 5)));
        let aws = [("AWS_BATCH_JOB_ARRAY_INDEX", "2"), ("AWS_BATCH_JOB_ARRAY_SIZE", "3")];
        assert_eq!(shard(auto(None), &aws), Ok((3, 3)));
        assert_eq!(shard(None, &[("BATCH_TASK_INDEX", "0"), ("BATCH_TASK_COUNT", "2")]), Ok((1, 2)));
        let fixed = ShardChoice::Fixed(Shard { number: 1, of: 1 });
        assert_eq!(shard(Some(fixed), &slurm), Ok((1, 1)));
        assert_eq!(shard(None, &[]), Ok((1, 1)));
    }

    #[test]
    fn a_task_without_a_number_of_tasks_checks_nothing() {
        let message = |given, set: &[(&str, &str)]| shard(given, set).expect_err("an error");
        assert!(message(None, &[("JOB_COMPLETION_INDEX", "0")]).contains("--shard auto/N"));
        assert!(message(None, &[("BATCH_TASK_INDEX", "2"), ("BATCH_TASK_COUNT", "2")]).contains("only 2 shards"));
        assert!(message(None, &[("BATCH_TASK_INDEX", "x"), ("BATCH_TASK_COUNT", "2")]).contains("not a number"));
        assert!(message(Some(ShardChoice::Auto { of: None }), &[]).contains("not a task of an array job"));
        let two = [("SLURM_ARRAY_TASK_ID", "1"), ("SLURM_ARRAY_TASK_COUNT", "4"), ("JOB_COMPLETION_INDEX", "2")];
        assert!(message(None, &two).contains("are both set"));
    }
}

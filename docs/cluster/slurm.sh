#!/bin/bash
# A study on the nodes of a SLURM job: sbatch docs/cluster/slurm.sh
# Submitted again, it resumes the study.
#SBATCH --job-name=hpo
#SBATCH --nodes=4
#SBATCH --ntasks-per-node=1
#SBATCH --cpus-per-task=16
#SBATCH --time=12:00:00
# Two minutes before the end, this script is told: hpo saves a checkpoint of each run.
#SBATCH --signal=B:TERM@120
set -euo pipefail

export RAY_USAGE_STATS_ENABLED=0
source "$HOME/hpo-env/bin/activate" # On every node: a folder that the nodes share, or the same installation on each.

# The first node, on which this script runs, is Ray's head. Every node runs one Ray process as long as the job lives.
head=$(scontrol show hostnames "$SLURM_JOB_NODELIST" | head -n 1)
cluster=$head:6379
srun --nodes=1 --ntasks=1 --nodelist="$head" \
    ray start --head --port=6379 --num-cpus="$SLURM_CPUS_PER_TASK" --include-dashboard=false --block &
until ray health-check --address="$cluster" 2>/dev/null; do sleep 1; done
if ((SLURM_NNODES > 1)); then
    srun --nodes=$((SLURM_NNODES - 1)) --ntasks=$((SLURM_NNODES - 1)) --exclude="$head" \
        ray start --address="$cluster" --num-cpus="$SLURM_CPUS_PER_TASK" --block &
fi

# Nodes that join later get workers too, so nobody waits for the slowest one.
hpo search --data cifar10 --trials 500 --cluster "$cluster" --runs "$HOME/runs" &
study=$!
trap 'kill -TERM "$study"' TERM
code=0
wait "$study" || code=$?
while kill -0 "$study" 2>/dev/null; do # The signal ended the first wait.
    code=0
    wait "$study" || code=$?
done
exit "$code" # 130: interrupted, and resumable.

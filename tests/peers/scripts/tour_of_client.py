"""Use the published client as its users do.

Orders: ``url`` and ``token`` of a local QPU, ``slow_url`` and ``slow_token`` of one whose tasks
take a while, and ``qpu_ids`` of two QPUs.
"""

import peer
from compiler_config.config import CompilerConfig, QuantumResultsFormat
from programs import BELL, BROKEN, ONE
from qcaas_client.client import OQCClient, QPUTask


def main(orders):
    """Go through it all."""
    first, second = orders["qpu_ids"]
    client = OQCClient(url=orders["url"], authentication_token=orders["token"])
    slow = OQCClient(url=orders["slow_url"], authentication_token=orders["slow_token"])
    account = OQCClient(url=orders["url"], email="someone@example.com", password=orders["token"])
    return {
        "initialized": client.is_client_initialized,
        "server_version": client.server_version,
        "default_qpu_id": client.default_qpu_id,
        "qpus": [qpu["id"] for qpu in client.get_qpus()],
        "with_password": [qpu["id"] for qpu in account.get_qpus()],
        "features": client.get_features(second),
        "calibration": client.get_calibration(first),
        "status": client.get_system_status(first),
        "next_window": client.get_next_window(first),
        "qpu_estimates": client.get_qpu_execution_estimates([first, second]),
        "bell": _bell(client, first),
        "several": _several(client, second),
        "failed": _failed(client, first),
        "cancelled": _cancelled(slow, first),
    }


def _bell(client, qpu_id):
    config = CompilerConfig(repeats=500, results_format=QuantumResultsFormat().binary_count())
    task = QPUTask(BELL, config, qpu_id=qpu_id, tag="a tag")
    (result,) = client.execute_tasks(task, include_metrics=True)
    task_id = result.id
    return {
        "id": task_id,
        "result": result.result,
        "errored": result.has_errored(),
        "metrics": result.metrics,
        "results": client.get_task_results(task_id, qpu_id).result,
        "status": client.get_task_status(task_id, qpu_id),
        "errors": client.get_task_errors(task_id, qpu_id),
        "metadata": client.get_task_metadata(task_id, qpu_id),
        "timings": client.get_task_timings(task_id, qpu_id),
        "all_info": client.get_task(task_id, qpu_id),
        "estimates": client.get_task_execution_estimates(task_id, qpu_id),
        "listed": client.get_tasks_summary(qpu_id=qpu_id),
    }


def _several(client, qpu_id):
    results = client.execute_tasks([QPUTask(ONE), QPUTask(ONE), QPUTask(ONE)], qpu_id)
    return [result.result for result in results]


def _failed(client, qpu_id):
    (result,) = client.execute_tasks(QPUTask(BROKEN, qpu_id=qpu_id))
    errors = client.get_task_errors(result.id, qpu_id)
    return {
        "errored": result.has_errored(),
        "message": result.error_details.error_message,
        "code": result.error_details.error_code,
        "message_again": errors.error_message,
    }


def _cancelled(slow, qpu_id):
    (task,) = slow.schedule_tasks(QPUTask(BELL, qpu_id=qpu_id))
    (reserved,) = slow.create_task_ids(1, qpu_id)
    slow.cancel_task([task.task_id, reserved], qpu_id)
    return [slow.get_task_status(task_id, qpu_id) for task_id in (task.task_id, reserved)]


peer.answer(main(peer.orders()))

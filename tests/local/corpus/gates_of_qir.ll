; results: {"r2_r0_r1": {"101": 1000}}
define void @main() #0 {
  call void @__quantum__qis__x__body(ptr null)
  call void @__quantum__qis__s__body(ptr null)
  call void @__quantum__qis__s__adj(ptr null)
  call void @__quantum__qis__t__adj(ptr null)
  call void @__quantum__qis__swap__body(ptr null, ptr inttoptr (i64 1 to ptr))
  call void @__quantum__qis__ccx__body(ptr null, ptr inttoptr (i64 1 to ptr), ptr inttoptr (i64 2 to ptr))
  call void @__quantum__qis__rx__body(double 0x400921FB54442D18, ptr inttoptr (i64 2 to ptr))
  call void @__quantum__qis__rz__body(double 1.5, ptr inttoptr (i64 2 to ptr))
  call void @__quantum__qis__barrier__body()
  call void @__quantum__qis__reset__body(ptr null)
  call void @__quantum__qis__mz__body(ptr null, ptr null)
  call void @__quantum__qis__mz__body(ptr inttoptr (i64 1 to ptr), ptr inttoptr (i64 1 to ptr))
  call void @__quantum__qis__mz__body(ptr inttoptr (i64 2 to ptr), ptr inttoptr (i64 2 to ptr))
  call void @__quantum__rt__result_record_output(ptr inttoptr (i64 2 to ptr), ptr null)
  call void @__quantum__rt__result_record_output(ptr null, ptr null)
  call void @__quantum__rt__result_record_output(ptr inttoptr (i64 1 to ptr), ptr null)
  ret void
}

declare void @__quantum__qis__x__body(ptr)
declare void @__quantum__qis__s__body(ptr)
declare void @__quantum__qis__s__adj(ptr)
declare void @__quantum__qis__t__adj(ptr)
declare void @__quantum__qis__swap__body(ptr, ptr)
declare void @__quantum__qis__ccx__body(ptr, ptr, ptr)
declare void @__quantum__qis__rx__body(double, ptr)
declare void @__quantum__qis__rz__body(double, ptr)
declare void @__quantum__qis__barrier__body()
declare void @__quantum__qis__reset__body(ptr)
declare void @__quantum__qis__mz__body(ptr, ptr)
declare void @__quantum__rt__result_record_output(ptr, ptr)

attributes #0 = { "entry_point" }

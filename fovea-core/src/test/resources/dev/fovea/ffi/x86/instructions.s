# as instructions.s -o i.o && objdump -d i.o: the bytes of AssemblerTest (GNU binutils 2.40)
mov %rdi,%r12
add %rsi,%rbx
add $0x12345678,%r9
sub $0x12345678,%rdx
cmp %r8,%rax
xor %rcx,%rcx
push %r12
pop %r14
cpuid
ret
{vex3} vxorps %ymm9,%ymm9,%ymm9
{vex3} {disp32} vmovups (%rcx,%rax,4),%ymm8
{vex3} {disp32} vmovss %xmm11,44(%r9)
{vex3} {disp32} vcvtph2ps (%r11,%rax,2),%ymm12
{vex3} {disp32} vpmovzxwd (%r11,%rax,2),%ymm12
{vex3} vpslld $16,%ymm12,%ymm12
{vex3} vfmadd231ps %ymm12,%ymm8,%ymm3
{vex3} vaddps %ymm8,%ymm3,%ymm3
{vex3} vextractf128 $1,%ymm3,%xmm8
{vex3} vpermilps $0x0e,%xmm3,%xmm8
vzeroupper
vpxord %zmm9,%zmm9,%zmm9
{disp32} vcvtph2ps (%r10,%rax,2),%zmm19
{disp32} vpmovzxwd (%r10,%rax,2),%zmm19
vpslld $16,%zmm19,%zmm19
{disp32} vmovups (%r14,%rax,4),%zmm20
vfmadd231ps %zmm19,%zmm20,%zmm15
vextractf64x4 $1,%zmm15,%ymm16
vaddps %ymm16,%ymm15,%ymm15
vpermilps $1,%xmm15,%xmm16
{disp32} vmovss %xmm17,60(%r9)
vcvtne2ps2bf16 %zmm7,%zmm8,%zmm7
vpermw %zmm7,%zmm2,%zmm19
vpslld $16,%zmm6,%zmm7
vpsrad $24,%zmm7,%zmm17
vpsrld $28,%zmm6,%zmm8
vpsraw $8,%zmm12,%zmm13
vpsllw $8,%zmm12,%zmm12
vmulps %zmm17,%zmm14,%zmm14
vpaddd %zmm5,%zmm4,%zmm4
vpandd %zmm0,%zmm6,%zmm17
vcvtdq2ps %zmm4,%zmm20
{disp32} vpmovzxbd (%rdx,%rcx,1),%zmm14
{disp32} vpbroadcastd (%r9,%rax,4),%zmm17
{disp32} vpdpbusd (%rax,%r10,2){1to16},%zmm12,%zmm4
{disp32} vpdpwssd (%rax,%r10,2){1to16},%zmm12,%zmm20
{disp32} vmulps (%r8,%rcx,1){1to16},%zmm14,%zmm18
{disp32} vfmadd231ps (%rax,%rcx,8){1to16},%zmm15,%zmm4
{disp32} prefetcht0 (%r8,%rax,1)
{disp32} mov (%r9,%rcx,1),%r11
vpmaxsd %zmm7,%zmm8,%zmm19
vdivps %zmm7,%zmm8,%zmm19
vcvtps2dq %zmm7,%zmm19
vshufi64x2 $0x4e,%zmm7,%zmm8,%zmm19
vpshufd $0xd8,%zmm7,%zmm19
{disp32} vpmovsdb %zmm7,(%rsi,%rax,1)
{disp32} vpmovsdw %zmm19,(%r8,%rax,1)
{vex3} {disp32} vmulps (%rax,%rcx,1),%xmm1,%xmm9
{vex3} vxorps %xmm9,%xmm9,%xmm9
{vex3} {disp32} vfmadd231ps (%r10,%rax,4),%ymm8,%ymm3
{vex3} {disp32} vbroadcasti128 (%rax,%rcx,1),%ymm9
{vex3} vpshufb %ymm8,%ymm3,%ymm12
{vex3} {disp32} vpmovzxbw (%r10,%rax,1),%ymm12
{vex3} vpunpcklwd %ymm8,%ymm3,%ymm12
{vex3} vpunpckhwd %ymm8,%ymm3,%ymm12
{vex3} vpmaddwd %ymm8,%ymm3,%ymm12
{vex3} {disp32} vpmaddwd (%rdx,%rcx,1),%ymm3,%ymm12
{vex3} vpsrad %xmm8,%ymm3,%ymm12
{vex3} vpackssdw %ymm8,%ymm3,%ymm12
{vex3} vpackuswb %ymm8,%ymm3,%ymm12
{vex3} vpermq $0xd8,%ymm3,%ymm12
{vex3} vpunpckldq %ymm8,%ymm3,%ymm12
{vex3} vpunpckhdq %ymm8,%ymm3,%ymm12
{vex3} {disp32} vmovups %xmm12,(%r8,%rcx,1)
vdpbf16ps %zmm19,%zmm20,%zmm5
{vex3} vunpcklpd %ymm3,%ymm2,%ymm9
{vex3} vunpckhpd %ymm3,%ymm2,%ymm9
{vex3} vperm2f128 $0x31,%ymm9,%ymm2,%ymm3
{disp32} ldtilecfg (%r9,%rax,1)
tilerelease
{disp32} tileloadd (%rax,%r10,1),%tmm5
{disp32} tilestored %tmm3,64(%r11,%rcx,1)
tdpbf16ps %tmm6,%tmm5,%tmm3
call *%r11
{disp32} mov %r12,(%r8,%rcx,1)
{disp32} mov %rsp,(%r8,%rcx,1)
{vex3} vpmaddubsw %ymm8,%ymm3,%ymm12
{vex3} vpaddw %ymm8,%ymm3,%ymm12
{vex3} vpand %ymm8,%ymm3,%ymm12
{vex3} vpsllw $8,%ymm8,%ymm12
{vex3} {disp32} vpmovzxbd (%rdx,%rcx,1),%ymm9
{vex3} {disp32} vpbroadcastd (%r10,%rax,1),%ymm14
{disp32} vaddps (%rsi,%rcx,1){1to16},%zmm14,%zmm19
{disp32} vextracti32x4 $2,%zmm7,16(%r10,%rcx,2)
vpunpckldq %zmm8,%zmm3,%zmm12
vpunpckhdq %zmm8,%zmm3,%zmm12
vunpcklpd %zmm3,%zmm2,%zmm9
vunpckhpd %zmm3,%zmm2,%zmm9
{vex3} kmovw %eax,%k1
{vex3} kmovw %r9d,%k2
{vex3} kortestw %k1,%k1
vcmpps $0x0e,%zmm20,%zmm9,%k1
vmovaps %zmm19,%zmm7{%k1}
{disp32} vmovups 64(%rdi,%rax),%zmm17{%k2}{z}
{evex} vmaxps %zmm3,%zmm20,%zmm9
{disp32} vmaxps 128(%rcx,%rax),%zmm9,%zmm9
vsubps %zmm3,%zmm20,%zmm9
vfmadd213ps %zmm21,%zmm2,%zmm18
vmovaps %zmm21,%zmm2
vpternlogd $0xea,%zmm3,%zmm20,%zmm9
tilezero %tmm5
vcvtps2ph $0,%zmm19,%ymm7
vpmovzxwd %ymm19,%zmm7
movabs $0x123456789abcdef0,%r10
{vex3} {disp32} vpand 64(%r10,%rax,1),%ymm3,%ymm12
{disp32} vpandd 64(%r10,%rax,1),%zmm20,%zmm9
{vex3} {disp32} vpor 64(%r10,%rax,1),%ymm3,%ymm12
{disp32} vpord 64(%r10,%rax,1),%zmm20,%zmm9
{vex3} {disp32} vpaddd 64(%r10,%rax,1),%ymm3,%ymm12
{disp32} vpaddd 64(%r10,%rax,1),%zmm20,%zmm9
{vex3} vminps %ymm8,%ymm3,%ymm12
vminps %zmm3,%zmm20,%zmm9
{vex3} {disp32} vsubps 64(%r10,%rax,1),%ymm3,%ymm12
{vex3} {disp32} vaddps 64(%r10,%rax,1),%ymm3,%ymm12
{vex3} {disp32} vfmadd213ps 64(%r10,%rax,1),%ymm3,%ymm12
{vex3} vpbroadcastd %xmm8,%ymm12
vpbroadcastd %xmm3,%zmm20
{vex3} {disp32} vmovss 4(%rax,%rcx,1),%xmm9
{vex3} vmovd %r9d,%xmm11
{vex3} vmovd %xmm11,%eax
{vex3} vcvtph2ps %xmm8,%ymm12
vcvtph2ps %ymm3,%zmm20
{vex3} vaddss %xmm8,%xmm3,%xmm12
{vex3} vdivss %xmm8,%xmm3,%xmm12
{vex3} vdivsd %xmm8,%xmm3,%xmm12
{vex3} vsqrtsd %xmm8,%xmm8,%xmm12
{vex3} vcvtss2sd %xmm8,%xmm8,%xmm12
{vex3} vcvtsd2ss %xmm8,%xmm8,%xmm12
{vex3} {disp32} vcmpps $1,64(%r10,%rax,1),%ymm3,%ymm12
{vex3} vcmpps $3,%ymm8,%ymm3,%ymm12
{vex3} vmovmskps %ymm8,%r10d
{vex3} vandnps %ymm8,%ymm3,%ymm12
{vex3} vblendvps %ymm9,%ymm8,%ymm3,%ymm12
{vex3} vpackusdw %ymm8,%ymm3,%ymm12
{disp32} vcmpps $5,64(%r10,%rax,1),%zmm20,%k1
vcmpps $3,%zmm20,%zmm20,%k1
vmovaps %zmm19,%zmm7{%k1}{z}
{disp32} vpmovdw %zmm19,64(%rdx,%rax,2)
{disp32} movl 64(%rsi,%rax,1),%r11d
{disp32} addq 64(%rbx,%rax,1),%r10
{disp32} cmpq 64(%rbx,%rax,1),%r10
testl $0x80808080,%r11d
shlq $7,%r10
{vex3} vpsrlw $4,%ymm8,%ymm12
vpsrlw $4,%zmm3,%zmm20
{disp32} vbroadcasti32x4 64(%r10,%rax,1),%zmm20
vpshufb %zmm3,%zmm20,%zmm9
{vex3} {disp32} vpbroadcastb 64(%rsi,%rax,1),%ymm9
{disp32} vpbroadcastb 64(%rsi,%rax,1),%zmm20
{vex3} vpaddb %ymm8,%ymm3,%ymm12
vpaddb %zmm3,%zmm20,%zmm9
{vex3} vpunpcklbw %ymm8,%ymm3,%ymm12
vpunpcklbw %zmm3,%zmm20,%zmm9
{vex3} vpunpckhbw %ymm8,%ymm3,%ymm12
vpunpckhbw %zmm3,%zmm20,%zmm9
